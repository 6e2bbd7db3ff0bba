{#
    Fails for each period or day, level and part whose members do not add up to the company.

    Every level has an unknown member for what belongs to nobody, so nothing may be lost or counted
    twice. If it fails: look for a level column that is NULL in a fact, or a join that multiplies.
#}
{%- set marts = {
    'mart_conversion': ['won_deals', 'lost_deals', 'won_value', 'lost_value'],
    'mart_sales_cycle': ['timed_won_deals', 'won_cycle_days', 'won_active_days', 'lost_cycle_days'],
    'mart_deal_outcome': ['managed_deals', 'managed_value', 'closed_deals', 'won_value'],
    'mart_pipeline_value': [
        'open_deals', 'open_value', 'weighted_value', 'overdue_deals', 'overdue_value', 'no_amount_deals',
    ],
} -%}

{% for mart, parts in marts.items() %}
{%- set time_columns = ['as_of_date'] if mart == 'mart_pipeline_value' else ['period_grain', 'period_start'] %}
select
    '{{ mart }}' as mart,
    cast({{ time_columns[-1] }} as string) as day,
    levels.level

from (
    select
        basis,
        {{ time_columns | join(', ') }},
        level,
        {%- for part in parts %}
        coalesce(sum({{ part }}), 0) as {{ part }}{{ ',' if not loop.last }}
        {%- endfor %}

    from {{ ref(mart) }}
    group by
        basis,
        {{ time_columns | join(', ') }},
        level
) as levels
inner join (
    select
        basis,
        {{ time_columns | join(', ') }},
        {%- for part in parts %}
        coalesce({{ part }}, 0) as company_{{ part }}{{ ',' if not loop.last }}
        {%- endfor %}

    from {{ ref(mart) }}
    where level = 'company'
) as company using (basis, {{ time_columns | join(', ') }})
where
    {%- for part in parts %}
    {{ 'or ' if not loop.first }}levels.{{ part }} <> company.company_{{ part }}
    {%- endfor %}
{% if not loop.last %}
union all
{% endif %}
{%- endfor %}

{#
    Fails for each period or day for which a level is missing that the company's row is there for:
    what belongs to no member belongs to the unknown one, so a level never lacks rows altogether.
    If it fails: look for a level whose rows are filtered out.
#}
{%- set marts = {
    'mart_conversion': deal_levels(),
    'mart_sales_cycle': deal_levels(),
    'mart_deal_outcome': deal_levels(),
    'mart_pipeline_value': pipeline_levels(),
} -%}

{% for mart, levels in marts.items() %}
{%- set time_columns = ['as_of_date'] if mart == 'mart_pipeline_value' else ['period_grain', 'period_start'] %}
select
    '{{ mart }}' as mart,
    cast({{ time_columns[-1] }} as string) as day,
    count(distinct level) as levels_found

from {{ ref(mart) }}
group by
    basis,
    {{ time_columns | join(', ') }}
having count(distinct level) <> {{ levels | length }}
{% if not loop.last %}
union all
{% endif %}
{%- endfor %}

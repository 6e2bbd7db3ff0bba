{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set dimensions = ['lead_source', 'segment'] %}
{%- set measures = {
    'created_deals': 'count(*)',
    'created_value': money_sum('facts.created_value'),
    'no_amount_deals': 'sum(case when facts.has_amount then 0 else 1 end)',
    'valued_deals': 'count(facts.created_value)',
} %}
with

    -- Each created deal once per dimension.
    created_deals as (

        {%- for dimension in dimensions %}
            select *, '{{ dimension }}' as dimension, {{ dimension }} as category

            from {{ ref('fct_created_deal') }} {{ 'union all' if not loop.last }}
        {%- endfor %}

    ),

    by_member as (

        {{ rolled_up_by(
            'created_deals',
            ['dimension', 'category', 'period_grain', 'period_start', 'period_end'],
            measures,
            managers_on='created_date'
        ) }}

    )

select
    by_member.period_grain,
    by_member.period_start,
    by_member.period_end,
    by_member.level,
    by_member.member_id,
    coalesce(members.member_name, by_member.member_id) as member_name,
    by_member.basis,
    by_member.dimension,
    by_member.category,

    by_member.created_deals,
    by_member.created_value,
    {{ ratio('by_member.created_value', 'by_member.valued_deals') }} as average_created_value,
    cast(by_member.no_amount_deals as bigint) as no_amount_deals,
    by_member.valued_deals,
    periods.period_label,
    periods.is_running,
    periods.elapsed_business_days

from by_member
left join
    {{ ref('dim_member') }} as members
    on by_member.level = members.level
    and by_member.member_id = members.member_id
left join
    {{ ref('dim_period') }} as periods
    on by_member.period_grain = periods.period_grain
    and by_member.period_start = periods.period_start

{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set dimensions = {
    'loss_reason': "case when deals.is_won then 'won' else coalesce(deals.loss_reason, 'unknown') end",
    'competitor': "coalesce(deals.competitor, 'unknown')",
    'deal_type': "coalesce(deals.deal_type, 'unknown')",
    'size_band': "coalesce(bands.size_band, 'unknown')",
} %}
{#- A limit belongs to the band above it. -#}
{%- set is_in_band -%}
    deals.opportunity_value >= coalesce(bands.value_from, deals.opportunity_value)
            and (bands.value_below is null or deals.opportunity_value < bands.value_below)
{%- endset %}
{%- set measures = {
    'won_deals': 'sum(case when facts.is_won then 1 else 0 end)',
    'lost_deals': 'sum(case when facts.is_won then 0 else 1 end)',
    'won_value': money_sum('case when facts.is_won then facts.opportunity_value end'),
    'lost_value': money_sum('case when not facts.is_won then facts.opportunity_value end'),
} %}
with

    -- Each decided deal once per dimension.
    closings as (

        {%- for dimension, category in dimensions.items() %}
            select deals.*, '{{ dimension }}' as dimension, {{ category }} as category

            from {{ ref('fct_closing') }} as deals
            {%- if dimension == 'size_band' %}
                left join {{ ref('dim_deal_size_band') }} as bands on {{ is_in_band }}
                {%- endif %} {{ 'union all' if not loop.last }}
        {%- endfor %}

    ),

    by_member as (

        {{ rolled_up_by(
            'closings',
            ['dimension', 'category', 'period_grain', 'period_start', 'period_end'],
            measures,
            managers_on='closed_date'
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

    cast(by_member.won_deals as bigint) as won_deals,
    cast(by_member.lost_deals as bigint) as lost_deals,
    {{ ratio('by_member.won_deals', 'by_member.won_deals + by_member.lost_deals') }} as win_rate,
    by_member.won_value,
    by_member.lost_value,
    {{ ratio('by_member.won_value', 'by_member.won_value + by_member.lost_value') }}
    as value_win_rate,
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

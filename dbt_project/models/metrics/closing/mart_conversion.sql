{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set measures = {
    'won_deals': 'sum(case when facts.is_won then 1 else 0 end)',
    'lost_deals': 'sum(case when facts.is_won then 0 else 1 end)',
    'won_value': money_sum('case when facts.is_won then facts.opportunity_value end'),
    'lost_value': money_sum('case when not facts.is_won then facts.opportunity_value end'),
} %}
with

    by_member as (

        {{ rolled_up_by(ref('fct_closing'), ['period_grain', 'period_start', 'period_end'], measures, managers_on='closed_date') }}

    )

select
    by_member.period_grain,
    by_member.period_start,
    by_member.period_end,
    by_member.level,
    by_member.member_id,
    coalesce(members.member_name, by_member.member_id) as member_name,
    by_member.basis,

    cast(by_member.won_deals as bigint) as won_deals,
    cast(by_member.lost_deals as bigint) as lost_deals,
    {{ ratio('by_member.won_deals', 'by_member.won_deals + by_member.lost_deals') }}
    as conversion_rate,
    by_member.won_value,
    by_member.lost_value,
    {{ ratio('by_member.won_value', 'by_member.won_value + by_member.lost_value') }}
    as value_conversion_rate,
    cast(by_member.won_deals + by_member.lost_deals as bigint) as closed_deals,
    cast(by_member.won_value + by_member.lost_value as decimal(18, 2)) as closed_value,
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

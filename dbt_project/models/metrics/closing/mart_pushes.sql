{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set measures = {
    'won_deals': 'sum(case when facts.is_won then 1 else 0 end)',
    'lost_deals': 'sum(case when facts.is_won then 0 else 1 end)',
    'won_value': money_sum('case when facts.is_won then facts.opportunity_value end'),
    'won_cycle_days': 'sum(case when facts.is_won then facts.cycle_days end)',
    'timed_won_deals': 'count(case when facts.is_won then facts.cycle_days end)',
    'median_days': quantiles('case when facts.is_won then facts.cycle_days end', [0.5], 'double'),
} %}
with

    closings as (

        select
            closings.*,
            case
                when pushes.pushes >= 3
                then '3 or more'
                else cast(coalesce(pushes.pushes, 0) as string)
            end as pushes

        from {{ ref('fct_closing') }} as closings
        left join
            {{ ref('fct_pushed_deal') }} as pushes
            on closings.opportunity_id = pushes.opportunity_id
            and closings.episode = pushes.episode

    ),

    by_member as (

        {{ rolled_up_by('closings', ['pushes', 'period_grain', 'period_start', 'period_end'], measures, managers_on='closed_date') }}

    )

select
    by_member.period_grain,
    by_member.period_start,
    by_member.period_end,
    by_member.level,
    by_member.member_id,
    coalesce(members.member_name, by_member.member_id) as member_name,
    by_member.basis,
    by_member.pushes,

    cast(by_member.won_deals as bigint) as won_deals,
    cast(by_member.lost_deals as bigint) as lost_deals,
    {{ ratio('by_member.won_deals', 'by_member.won_deals + by_member.lost_deals') }} as win_rate,
    by_member.won_value,
    {{ ratio('by_member.won_cycle_days', 'by_member.timed_won_deals') }} as mean_cycle_days,
    {{ nth_quantile('by_member.median_days', 1) }} as median_cycle_days,
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

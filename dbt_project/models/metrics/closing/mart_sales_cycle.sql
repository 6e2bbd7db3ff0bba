{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set measures = {
    'won_deals': 'sum(case when facts.is_won then 1 else 0 end)',
    'timed_won_deals': 'count(case when facts.is_won then facts.cycle_days end)',
    'won_cycle_days': 'coalesce(sum(case when facts.is_won then facts.cycle_days end), 0)',
    'median_and_p90_days': quantiles('case when facts.is_won then facts.cycle_days end', [0.5, 0.9], 'double'),
    'timed_active_deals': 'count(case when facts.is_won then facts.active_days end)',
    'won_active_days': 'coalesce(sum(case when facts.is_won then facts.active_days end), 0)',
    'lost_deals': 'sum(case when facts.is_won then 0 else 1 end)',
    'timed_lost_deals': 'count(case when not facts.is_won then facts.cycle_days end)',
    'lost_cycle_days': 'coalesce(sum(case when not facts.is_won then facts.cycle_days end), 0)',
    'median_lost_days': quantiles('case when not facts.is_won then facts.cycle_days end', [0.5], 'double'),
} %}
with

    -- cycle_days is missing where the creation is not known and where the CRM says that a deal was
    -- decided before it was created; such a deal counts as won or lost and enters no average.
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
    {{ ratio('by_member.won_cycle_days', 'by_member.timed_won_deals') }} as mean_cycle_days,
    {{ nth_quantile('by_member.median_and_p90_days', 1) }} as median_cycle_days,
    {{ nth_quantile('by_member.median_and_p90_days', 2) }} as p90_cycle_days,
    {{ ratio('by_member.won_active_days', 'by_member.timed_active_deals') }} as mean_active_days,
    cast(by_member.lost_deals as bigint) as lost_deals,
    {{ ratio('by_member.lost_cycle_days', 'by_member.timed_lost_deals') }} as mean_lost_cycle_days,
    {{ nth_quantile('by_member.median_lost_days', 1) }} as median_lost_cycle_days,
    cast(by_member.timed_won_deals as bigint) as timed_won_deals,
    cast(by_member.won_cycle_days as decimal(18, 6)) as won_cycle_days,
    cast(by_member.timed_active_deals as bigint) as timed_active_deals,
    cast(by_member.won_active_days as decimal(18, 6)) as won_active_days,
    cast(by_member.timed_lost_deals as bigint) as timed_lost_deals,
    cast(by_member.lost_cycle_days as decimal(18, 6)) as lost_cycle_days,
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

{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
with

    ramps as (select *, 'restated' as basis from {{ ref('fct_ramp') }} where is_measured),

    by_member as (

        {{ rolled_up('ramps', date_column='started_on', levels=people_levels(), measures={
        'new_reps': 'count(*)',
        'ramped_reps': 'sum(case when facts.is_ramped then 1 else 0 end)',
    }) }}

    )

select
    by_member.period_grain,
    by_member.period_start,
    by_member.period_end,
    by_member.level,
    by_member.member_id,
    coalesce(members.member_name, by_member.member_id) as member_name,
    by_member.basis,

    cast(by_member.new_reps as bigint) as new_reps,
    cast(by_member.ramped_reps as bigint) as ramped_reps,
    cast(by_member.new_reps - by_member.ramped_reps as bigint) as censored_reps,
    {{ ratio('by_member.ramped_reps', 'by_member.new_reps') }} as ramped_share,
    medians.median_days_to_ramp,
    periods.period_label,
    periods.is_running,
    periods.elapsed_business_days

from by_member
left join
    {{ ref('fct_ramp_median') }} as medians
    on by_member.period_grain = medians.period_grain
    and by_member.period_start = medians.period_start
    and by_member.level = medians.level
    and by_member.member_id = medians.member_id
left join
    {{ ref('dim_member') }} as members
    on by_member.level = members.level
    and by_member.member_id = members.member_id
left join
    {{ ref('dim_period') }} as periods
    on by_member.period_grain = periods.period_grain
    and by_member.period_start = periods.period_start

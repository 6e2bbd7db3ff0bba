{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
-- noqa: disable=LT02,LT05,ST06
with

ramps as (

    select
        *,
        'restated' as basis

    from {{ ref('int_seller_ramps') }}
    where is_measured

),

by_member as (

    {{ rolled_up('ramps', date_column='started_on', levels=people_levels(), measures={
        'new_reps': 'count(*)',
        'ramped_reps': 'sum(case when facts.is_ramped then 1 else 0 end)',
    }) }}

),

-- What few sellers achieved would be told of each of them.
shown as (

    select
        by_member.*,
        by_member.new_reps >= settings.minimum_group_size as is_shown

    from by_member
    cross join {{ ref('stg_company__settings') }} as settings

)

select
    shown.period_grain,
    shown.period_start,
    shown.period_end,
    shown.level,
    shown.member_id,
    coalesce(members.member_name, shown.member_id) as member_name,
    shown.basis,

    cast(shown.new_reps as bigint) as new_reps,
    cast(case when shown.is_shown then shown.ramped_reps end as bigint) as ramped_reps,
    cast(case when shown.is_shown then shown.new_reps - shown.ramped_reps end as bigint) as censored_reps,
    case when shown.is_shown then {{ ratio('shown.ramped_reps', 'shown.new_reps') }} end as ramped_share,
    case when shown.is_shown then medians.median_days_to_ramp end as median_days_to_ramp,
    periods.period_label,
    periods.is_running,
    periods.elapsed_business_days

from shown
left join {{ ref('int_ramp_medians') }} as medians
    on
        shown.period_grain = medians.period_grain
        and shown.period_start = medians.period_start
        and shown.level = medians.level
        and shown.member_id = medians.member_id
left join {{ ref('int_level_members_named') }} as members
    on
        shown.level = members.level
        and shown.member_id = members.member_id
left join {{ ref('int_periods') }} as periods
    on
        shown.period_grain = periods.period_grain
        and shown.period_start = periods.period_start

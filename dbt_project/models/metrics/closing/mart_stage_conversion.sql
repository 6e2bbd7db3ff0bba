{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set measures = {
    'entered': "sum(case when facts.outcome <> 'skipped' then 1 else 0 end)",
    'advanced': "sum(case when facts.outcome = 'advanced' then 1 else 0 end)",
    'won': "sum(case when facts.outcome = 'won' then 1 else 0 end)",
    'lost': "sum(case when facts.outcome = 'lost' then 1 else 0 end)",
    'still_open': "sum(case when facts.outcome = 'open' then 1 else 0 end)",
    'regressed': "sum(case when facts.outcome = 'regressed' then 1 else 0 end)",
    'skipped': "sum(case when facts.outcome = 'skipped' then 1 else 0 end)",
    'median_and_p90_days': quantiles('facts.days_in_stage', [0.5, 0.9], 'double'),
} %}
with

    open_stages as (

        select stage_id, stage_name, stage_order

        from {{ ref('dim_stage') }}
        where not is_closed and stage_id <> 'unknown'

    ),

    outcomes as (

        select *, 'restated' as basis

        from {{ ref('fct_stage_outcome') }}
        where excluded_date is null

    ),

    outcomes_at_freeze as (

        select *, 'as_closed' as basis from {{ ref('fct_stage_outcome_at_freeze') }}

    ),

    by_member as (

        {{ rolled_up('outcomes', date_column='counted_date', keys=['stage_id'], measures=measures) }}

        union all

        {{ rolled_up_by(
        'outcomes_at_freeze',
        keys=['stage_id', 'period_grain', 'period_start', 'period_end'],
        measures=measures,
        managers_on='counted_date'
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
    by_member.stage_id,
    open_stages.stage_name,
    open_stages.stage_order,

    cast(by_member.entered as bigint) as entered,
    cast(by_member.advanced as bigint) as advanced,
    cast(by_member.won as bigint) as won,
    cast(by_member.lost as bigint) as lost,
    cast(by_member.still_open as bigint) as still_open,
    cast(by_member.regressed as bigint) as regressed,
    cast(by_member.skipped as bigint) as skipped,
    {{ ratio('by_member.advanced + by_member.won', 'by_member.entered - by_member.still_open') }}
    as stage_conversion_rate,
    {{ nth_quantile('by_member.median_and_p90_days', 1) }} as median_days_in_stage,
    {{ nth_quantile('by_member.median_and_p90_days', 2) }} as p90_days_in_stage,
    periods.period_label,
    periods.is_running,
    periods.elapsed_business_days

from by_member
inner join open_stages on by_member.stage_id = open_stages.stage_id
left join
    {{ ref('dim_member') }} as members
    on by_member.level = members.level
    and by_member.member_id = members.member_id
left join
    {{ ref('dim_period') }} as periods
    on by_member.period_grain = periods.period_grain
    and by_member.period_start = periods.period_start

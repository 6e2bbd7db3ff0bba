{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set members = level_columns(deal_levels()) %}
-- noqa: disable=LT02,LT05,ST06
with

counted_deals as (

    select opportunity_id

    from {{ ref('fct_opportunity') }}
    where
        is_last_episode
        and not is_excluded

),

open_stages as (

    select
        stage_id,
        stage_name,
        stage_order

    from {{ ref('dim_stage') }}
    where
        not is_closed
        and stage_id <> 'unknown'

),

-- Stages can be renamed and moved: what was skipped is a matter of their order at the time.
open_stages_over_time as (

    select
        stage_id,
        stage_order,
        valid_from_date,
        valid_to_date

    from {{ ref('dim_stage_history') }}
    where
        not is_closed
        and stage_id <> 'unknown'

),

visits as (

    select
        visits.stage_id,
        {%- for member in members %}
        visits.{{ member }},
        {%- endfor %}
        visits.previous_stage_order,
        visits.stage_order,
        visits.next_stage_order,
        visits.entered_date,
        visits.exited_date,
        visits.days_in_stage,
        visits.outcome

    from {{ ref('fct_stage_visit') }} as visits
    inner join counted_deals on visits.opportunity_id = counted_deals.opportunity_id

),

-- A stage is skipped where a deal goes from one before it to one after it, or is won before it.
stage_facts as (

    select
        'restated' as basis,
        visits.stage_id,
        {%- for member in members %}
        visits.{{ member }},
        {%- endfor %}
        visits.entered_date as fact_date,
        visits.days_in_stage,
        visits.outcome

    from visits
    inner join open_stages on visits.stage_id = open_stages.stage_id

    union all

    select
        'restated' as basis,
        open_stages.stage_id,
        {%- for member in members %}
        visits.{{ member }},
        {%- endfor %}
        visits.exited_date as fact_date,
        cast(null as integer) as days_in_stage,
        'skipped' as outcome

    from visits
    inner join open_stages_over_time as open_stages
        on
            visits.exited_date >= open_stages.valid_from_date
            and visits.exited_date < open_stages.valid_to_date
            and visits.stage_order < open_stages.stage_order
            and (
                visits.outcome = 'won'
                or (visits.outcome = 'advanced' and visits.next_stage_order > open_stages.stage_order)
            )

),

by_member as (

    {{ rolled_up('stage_facts', date_column='fact_date', keys=['stage_id'], measures={
        'entered': "sum(case when facts.outcome <> 'skipped' then 1 else 0 end)",
        'advanced': "sum(case when facts.outcome = 'advanced' then 1 else 0 end)",
        'won': "sum(case when facts.outcome = 'won' then 1 else 0 end)",
        'lost': "sum(case when facts.outcome = 'lost' then 1 else 0 end)",
        'still_open': "sum(case when facts.outcome = 'open' then 1 else 0 end)",
        'regressed': "sum(case when facts.outcome = 'regressed' then 1 else 0 end)",
        'skipped': "sum(case when facts.outcome = 'skipped' then 1 else 0 end)",
        'median_days_in_stage': quantile('facts.days_in_stage', 0.5),
        'p90_days_in_stage': quantile('facts.days_in_stage', 0.9),
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
    by_member.median_days_in_stage,
    by_member.p90_days_in_stage

from by_member
inner join open_stages on by_member.stage_id = open_stages.stage_id
left join {{ ref('int_level_members_named') }} as members
    on
        by_member.level = members.level
        and by_member.member_id = members.member_id

{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set members = level_columns(deal_levels()) %}
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

    exclusions as (

        select opportunity_id, max(changed_date) as excluded_date

        from {{ ref('fct_opportunity_event') }}
        where field_name = 'is_excluded' and new_value = 'true'
        group by opportunity_id

    ),

    -- A deal that was excluded from its first day on never counts; another one counts until that
    -- day.
    counted_deals as (

        select deals.opportunity_id, deals.is_excluded, exclusions.excluded_date

        from {{ ref('fct_opportunity') }} as deals
        left join exclusions on deals.opportunity_id = exclusions.opportunity_id
        where
            deals.is_last_episode
            and (not deals.is_excluded or exclusions.excluded_date is not null)

    ),

    open_stages as (

        select stage_id, stage_name, stage_order

        from {{ ref('dim_stage') }}
        where not is_closed and stage_id <> 'unknown'

    ),

    -- Stages can be renamed and moved: what was skipped is a matter of their order at the time.
    open_stages_over_time as (

        select stage_id, stage_order, valid_from_date, valid_to_date

        from {{ ref('dim_stage_history') }}
        where not is_closed and stage_id <> 'unknown'

    ),

    visits as (

        select
            visits.stage_id,
            {%- for member in members %} visits.{{ member }}, {%- endfor %}
            visits.previous_stage_order,
            visits.stage_order,
            visits.next_stage_order,
            visits.entered_date,
            visits.exited_date,
            visits.days_in_stage,
            visits.outcome,
            counted_deals.is_excluded,
            counted_deals.excluded_date

        from {{ ref('fct_stage_visit') }} as visits
        inner join counted_deals on visits.opportunity_id = counted_deals.opportunity_id

    ),

    -- A stage is skipped where a deal goes from one before it to one after it, or is won before it.
    stage_facts as (

        select
            'restated' as basis,
            visits.stage_id,
            {%- for member in members %} visits.{{ member }}, {%- endfor %}
            visits.entered_date as fact_date,
            visits.days_in_stage,
            visits.outcome

        from visits
        inner join open_stages on visits.stage_id = open_stages.stage_id
        where not visits.is_excluded

        union all

        select
            'restated' as basis,
            open_stages.stage_id,
            {%- for member in members %} visits.{{ member }}, {%- endfor %}
            visits.exited_date as fact_date,
            cast(null as decimal(18, 6)) as days_in_stage,
            'skipped' as outcome

        from visits
        inner join
            open_stages_over_time as open_stages
            on visits.exited_date >= open_stages.valid_from_date
            and visits.exited_date < open_stages.valid_to_date
            and visits.stage_order < open_stages.stage_order
            and (
                visits.outcome = 'won'
                or (
                    visits.outcome = 'advanced'
                    and visits.next_stage_order > open_stages.stage_order
                )
            )
        where not visits.is_excluded

    ),

    -- The same as was known when each period was frozen: what ended later was still open.
    frozen_facts as (

        {%- for grain in period_grains() %}
            {%- set frozen_date = plus_days('calendar.' ~ grain ~ '_end', 'warehouse.close_lag_days') %}
            select
                'as_closed' as basis,
                '{{ grain }}' as period_grain,
                calendar.{{ grain }}_start as period_start,
                calendar.{{ grain }}_end as period_end,
                visits.stage_id,
                {%- for member in members %} visits.{{ member }}, {%- endfor %}
                case
                    when visits.exited_date <= {{ frozen_date }} then visits.days_in_stage
                end as days_in_stage,
                case
                    when visits.exited_date <= {{ frozen_date }} then visits.outcome else 'open'
                end as outcome

            from visits
            inner join open_stages on visits.stage_id = open_stages.stage_id
            inner join {{ ref('dim_date') }} as calendar on visits.entered_date = calendar.date_day
            cross join {{ ref('dim_as_of') }} as warehouse
            where
                {{ frozen_date }} <= warehouse.as_of_date
                and (not visits.is_excluded or visits.excluded_date > {{ frozen_date }})

            union all

            select
                'as_closed' as basis,
                '{{ grain }}' as period_grain,
                calendar.{{ grain }}_start as period_start,
                calendar.{{ grain }}_end as period_end,
                open_stages.stage_id,
                {%- for member in members %} visits.{{ member }}, {%- endfor %}
                cast(null as decimal(18, 6)) as days_in_stage,
                'skipped' as outcome

            from visits
            inner join
                open_stages_over_time as open_stages
                on visits.exited_date >= open_stages.valid_from_date
                and visits.exited_date < open_stages.valid_to_date
                and visits.stage_order < open_stages.stage_order
                and (
                    visits.outcome = 'won'
                    or (
                        visits.outcome = 'advanced'
                        and visits.next_stage_order > open_stages.stage_order
                    )
                )
            inner join {{ ref('dim_date') }} as calendar on visits.exited_date = calendar.date_day
            cross join {{ ref('dim_as_of') }} as warehouse
            where
                {{ frozen_date }} <= warehouse.as_of_date
                and (not visits.is_excluded or visits.excluded_date > {{ frozen_date }})
                {{ 'union all' if not loop.last }}
        {%- endfor %}

    ),

    by_member as (

        {{ rolled_up('stage_facts', date_column='fact_date', keys=['stage_id'], measures=measures) }}

        union all

        {{ rolled_up_by(
        'frozen_facts',
        keys=['stage_id', 'period_grain', 'period_start', 'period_end'],
        measures=measures
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

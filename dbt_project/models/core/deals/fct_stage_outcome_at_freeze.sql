{%- set members = level_columns(deal_levels()) %}
with

    corrected_deals as (

        select distinct frozen_grain, frozen_start, opportunity_id

        from {{ ref('int_stage_visits_at_freeze') }}

    ),

    visits_then as (

        select *, cast(null as date) as excluded_date

        from {{ ref('int_stage_visits_at_freeze') }}
        where sign = 1

    ),

    outcomes_then as ({{ stage_outcomes('visits_then', keys=['frozen_grain', 'frozen_start']) }}),

    -- Most deals were known then as they are known now.
    outcomes as (

        select
            dates.period_grain,
            dates.period_start,
            outcomes_now.stage_visit_key,
            outcomes_now.opportunity_id,
            outcomes_now.stage_id,
            {%- for member in members %} outcomes_now.{{ member }}, {%- endfor %}
            outcomes_now.counted_date,
            outcomes_now.exited_date,
            outcomes_now.days_in_stage,
            outcomes_now.outcome,
            outcomes_now.excluded_date

        from {{ ref('fct_stage_outcome') }} as outcomes_now
        inner join
            {{ ref('bridge_date_period') }} as dates
            on outcomes_now.counted_date = dates.date_day
            and dates.period_grain <> 'week'
        left join
            corrected_deals
            on outcomes_now.opportunity_id = corrected_deals.opportunity_id
            and dates.period_grain = corrected_deals.frozen_grain
            and dates.period_start = corrected_deals.frozen_start
        where corrected_deals.opportunity_id is null

        union all

        select outcomes_then.*

        from outcomes_then
        inner join
            {{ ref('bridge_date_period') }} as dates
            on outcomes_then.counted_date = dates.date_day
            and outcomes_then.frozen_grain = dates.period_grain
            and outcomes_then.frozen_start = dates.period_start

    )

-- What ended after the freeze was still open then.
select
    periods.period_grain,
    periods.period_start,
    periods.period_end,
    outcomes.stage_visit_key,
    outcomes.opportunity_id,
    outcomes.stage_id,
    {%- for member in members %} outcomes.{{ member }}, {%- endfor %}
    outcomes.counted_date,
    case
        when outcomes.exited_date <= periods.frozen_date then outcomes.exited_date
    end as exited_date,
    case
        when outcomes.exited_date <= periods.frozen_date then outcomes.days_in_stage
    end as days_in_stage,
    case
        when outcomes.exited_date <= periods.frozen_date then outcomes.outcome else 'open'
    end as outcome

from outcomes
inner join
    {{ ref('dim_period') }} as periods
    on outcomes.period_grain = periods.period_grain
    and outcomes.period_start = periods.period_start
left join
    {{ ref('int_deal_exclusions') }} as exclusions
    on outcomes.opportunity_id = exclusions.opportunity_id
    and periods.frozen_date >= exclusions.excluded_from_date
    and periods.frozen_date < exclusions.excluded_to_date
where periods.is_frozen and exclusions.opportunity_id is null

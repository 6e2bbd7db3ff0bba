{%- set members = level_columns(deal_levels()) %}
{%- set carried = ['sign', 'basis', 'period_grain', 'period_start', 'period_end', 'opportunity_id'] + members %}
with

    states as (

        select *, case when frozen_grain is null then 'restated' else 'correction' end as basis

        from {{ ref('int_pipeline_states') }}

    ),

    -- What is open at the start and the end of the period in which it is expected to close.
    stays as (

        select
            states.*,
            periods.period_grain,
            periods.period_start,
            periods.period_end,
            periods.last_known_date,
            case
                when states.valid_from_date < periods.period_start
                then coalesce({{ converted('states.open_amount', 'periods.start_rate') }}, 0)
            end as start_value,
            case
                when states.valid_to_date is null or states.valid_to_date > periods.last_known_date
                then coalesce({{ converted('states.open_amount', 'periods.end_rate') }}, 0)
            end as end_value

        from states
        inner join
            {{ ref('bridge_date_period') }} as days
            on states.expected_close_date = days.date_day
            and coalesce(states.frozen_grain, days.period_grain) = days.period_grain
            and coalesce(states.frozen_start, days.period_start) = days.period_start
        inner join
            {{ ref('int_fx_rates_by_period') }} as periods
            on days.period_grain = periods.period_grain
            and days.period_start = periods.period_start
            and states.currency_code = periods.currency_code
            and states.valid_from_date <= periods.last_known_date
        where coalesce(states.valid_to_date >= periods.period_start, true)

    ),

    -- A deal is in the pipeline of a period while it is open and expected to close in it. What it
    -- brings when it comes in or grows is given to those whom it counts for from then on.
    entries as (

        select
            states.*,
            days.period_grain,
            days.period_start,
            days.period_end,
            coalesce(
                states.state_before = 'open'
                and states.previous_expected_close_date
                between days.period_start and days.period_end,
                false
            ) as was_in

        from states
        inner join
            {{ ref('bridge_date_period') }} as days
            on states.valid_from_date = days.date_day
            and states.expected_close_date between days.period_start and days.period_end
            and coalesce(states.frozen_grain, days.period_grain) = days.period_grain
            and coalesce(states.frozen_start, days.period_start) = days.period_start

    ),

    -- What it takes away when it leaves is taken from those whom it counted for until then.
    exits as (

        select
            states.*,
            days.period_grain,
            days.period_start,
            days.period_end,
            coalesce(
                states.state_after = 'open'
                and states.next_expected_close_date between days.period_start and days.period_end,
                false
            ) as stays_in

        from states
        inner join
            {{ ref('bridge_date_period') }} as days
            on states.valid_to_date = days.date_day
            and states.expected_close_date between days.period_start and days.period_end
            and coalesce(states.frozen_grain, days.period_grain) = days.period_grain
            and coalesce(states.frozen_start, days.period_start) = days.period_start

    ),

    movements as (

        select
            {{ carried | join(', ') }},
            case
                when was_in and open_value > value_before
                then 'increased'
                when was_in
                then 'decreased'
                when state_before = 'open'
                then 'pulled_in'
                when state_before in ('won', 'lost')
                then 'reopened'
                else 'created'
            end as movement_type,
            valid_from_date as movement_date,
            case
                when was_in then abs(open_value - value_before) else open_value
            end as value_in_pipeline

        from entries

        union all

        select
            {{ carried | join(', ') }},
            'transferred' as movement_type,
            valid_from_date as movement_date,
            value_before as value_in_pipeline

        from entries
        where was_in and has_changed_hands

        union all

        select
            {{ carried | join(', ') }},
            case
                when stays_in
                then 'transferred'
                when state_after = 'open'
                then 'pushed_out'
                when state_after = 'excluded'
                then 'removed'
                else state_after
            end as movement_type,
            valid_to_date as movement_date,
            case when stays_in then - value_at_exit else value_at_exit end as value_in_pipeline

        from exits
        where not stays_in or changes_hands

        union all

        select
            {{ carried | join(', ') }},
            'start' as movement_type,
            period_start as movement_date,
            start_value as value_in_pipeline

        from stays
        where start_value is not null

        union all

        -- What the rates alone did to it, from when it was first in that pipeline until it left it.
        select
            {{ carried | join(', ') }},
            'revaluation' as movement_type,
            coalesce(least(valid_to_date, last_known_date), last_known_date) as movement_date,
            coalesce(end_value, value_at_exit)
            - coalesce(start_value, open_value) as value_in_pipeline

        from stays

        union all

        select
            {{ carried | join(', ') }},
            'end' as movement_type,
            last_known_date as movement_date,
            end_value as value_in_pipeline

        from stays
        where end_value is not null

    )

select
    basis,
    period_grain,
    period_start,
    period_end,
    opportunity_id,
    {%- for member in members %} {{ member }}, {%- endfor %}
    movement_type,
    movement_date,
    cast(sign * value_in_pipeline as decimal(18, 2)) as movement_value

from movements
where value_in_pipeline <> 0

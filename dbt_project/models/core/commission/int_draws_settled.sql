{{ config(materialized='view') }}

with

    draws_in_periods as (

        select
            draws.person_id,
            draws.period_start,
            draws.period_grain,
            cast(sum(draws.draw_value) as decimal(18, 2)) as draw_value,
            max(case when draws.is_recoverable then 1 else 0 end) = 1 as is_recoverable,
            max(draws.problem) as problem

        from {{ ref('fct_draw') }} as draws
        cross join {{ ref('dim_as_of') }} as warehouse
        where draws.period_start <= warehouse.as_of_date
        group by draws.person_id, draws.period_start, draws.period_grain

    ),

    drawing_people as (select distinct person_id from draws_in_periods),

    earned_in_periods as (

        select
            rows_of_credits.person_id,
            rows_of_credits.plan_period_start as period_start,
            rows_of_credits.plan_period_grain as period_grain,
            cast(sum(rows_of_credits.commission_value) as decimal(18, 2)) as earned_value

        from {{ ref('int_commission_by_rule') }} as rows_of_credits
        inner join drawing_people on rows_of_credits.person_id = drawing_people.person_id
        group by
            rows_of_credits.person_id,
            rows_of_credits.plan_period_start,
            rows_of_credits.plan_period_grain

    ),

    periods as (

        select
            coalesce(draws.person_id, earned.person_id) as person_id,
            coalesce(draws.period_start, earned.period_start) as period_start,
            coalesce(draws.period_grain, earned.period_grain) as period_grain,
            coalesce(earned.earned_value, 0) as earned_value,
            coalesce(draws.draw_value, 0) as draw_value,
            coalesce(draws.is_recoverable, true) as is_recoverable,
            draws.problem

        from draws_in_periods as draws
        full outer join
            earned_in_periods as earned
            on draws.person_id = earned.person_id
            and draws.period_start = earned.period_start
            and draws.period_grain = earned.period_grain

    ),

    -- After a change of plan a month and the quarter that it begins can both count: what ends first
    -- is settled first.
    dated_periods as (

        select
            periods.*, {{ period_around('periods.period_grain', 'calendar', 'end') }} as period_end

        from periods
        inner join {{ ref('dim_date') }} as calendar on periods.period_start = calendar.date_day

    ),

    running_periods as (

        select
            *,
            sum(
                case
                    when is_recoverable
                    then draw_value - earned_value
                    else least(draw_value - earned_value, 0)
                end
            ) over (
                partition by person_id
                order by period_end, period_start
                rows between unbounded preceding and current row
            ) as running_debt

        from dated_periods

    ),

    -- What is owed never falls below 0. A running sum that starts anew at 0 whenever it would, is
    -- the running sum less the lowest value it has had, if that lies below 0.
    owed_periods as (

        select
            *,
            running_debt - least(
                min(running_debt) over (
                    partition by person_id
                    order by period_end, period_start
                    rows between unbounded preceding and current row
                ),
                0
            ) as owed_value

        from running_periods

    )

select
    person_id,
    period_grain,
    period_start,
    period_end,
    earned_value,
    draw_value,
    is_recoverable,
    owed_value,
    owed_value - coalesce(
        lag(owed_value) over (partition by person_id order by period_end, period_start), 0
    ) as newly_owed_value,
    problem

from owed_periods

{{ config(materialized='view') }}

with

    draws as (

        select
            draws.draw_id,
            accounts.person_id,
            draws.period_start,
            draws.draw_amount,
            coalesce(draws.currency_code, settings.reporting_currency) as currency_code,
            coalesce(draws.is_recoverable, true) as is_recoverable

        from {{ ref('stg_payroll__draws') }} as draws
        cross join {{ ref('stg_company__settings') }} as settings
        inner join
            {{ ref('bridge_person') }} as accounts
            on accounts.system_name = 'payroll'
            and draws.employee_id = accounts.system_person_id

    ),

    -- A draw names the first day of its period only: how long that is, the plan says that is
    -- assigned then, or next to somebody who was hired within the period.
    ranked_grains as (

        select
            draws.draw_id,
            coalesce(plans.period_grain, assignments.period_grain, 'month') as period_grain,
            row_number() over (
                partition by draws.draw_id order by assignments.valid_from_date
            ) as rank

        from draws
        left join
            {{ ref('int_plan_assignments_held') }} as assignments
            on draws.person_id = assignments.person_id
            and draws.period_start < assignments.valid_to_date
        left join
            {{ ref('dim_compensation_plan') }} as plans
            on assignments.plan_id = plans.plan_id
            and greatest(draws.period_start, assignments.valid_from_date) >= plans.valid_from_date
            and greatest(draws.period_start, assignments.valid_from_date) < plans.valid_to_date

    )

select
    draws.draw_id,
    draws.person_id,
    grains.period_grain,
    draws.period_start,
    {{ period_around('grains.period_grain', 'calendar', 'end') }} as period_end,
    draws.is_recoverable,
    draws.currency_code,
    draws.draw_amount

from draws
inner join ranked_grains as grains on draws.draw_id = grains.draw_id and grains.rank = 1
left join {{ ref('dim_date') }} as calendar on draws.period_start = calendar.date_day

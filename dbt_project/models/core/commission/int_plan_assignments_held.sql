with

    plan_grains as (

        select plan_id, max(period_grain) as period_grain

        from {{ ref('dim_compensation_plan') }}
        group by plan_id

    ),

    -- Somebody who came back under another id in payroll is one person: the latest assignment
    -- holds.
    assignments as (

        select
            accounts.person_id,
            assignments.plan_id,
            assignments.effective_from,
            assignments.effective_to,
            assignments.assignment_id,
            plan_grains.period_grain,
            -- Of two of one day the last that can count holds: one to a plan that nobody knows
            -- silences no twin.
            case when plan_grains.plan_id is null then 0 else 1 end as can_count

        from {{ ref('stg_payroll__plan_assignments') }} as assignments
        inner join
            {{ ref('bridge_person') }} as accounts
            on accounts.system_name = 'payroll'
            and assignments.employee_id = accounts.system_person_id
        left join plan_grains on assignments.plan_id = plan_grains.plan_id

    ),

    held_assignments as (

        select
            *,
            {{ effective_to_date(
            'person_id', tie_breaker='can_count, length(assignment_id), assignment_id'
        ) }} as valid_to_date

        from assignments

    )

select person_id, plan_id, period_grain, effective_from as valid_from_date, valid_to_date

from held_assignments
where valid_to_date > effective_from

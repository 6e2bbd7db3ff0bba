-- noqa: disable=LT05,ST06
with

-- Somebody who came back under another id in payroll is one person: the latest assignment holds.
assignments as (

    select
        accounts.person_id,
        assignments.plan_id,
        assignments.effective_from,
        assignments.effective_to,
        assignments.assignment_id

    from {{ ref('stg_payroll__plan_assignments') }} as assignments
    inner join {{ ref('bridge_person') }} as accounts
        on
            accounts.system_name = 'payroll'
            and assignments.employee_id = accounts.system_person_id

),

held_assignments as (

    select
        *,
        {{ effective_to_date('person_id', tie_breaker='assignment_id') }} as valid_to_date

    from assignments

),

plan_grains as (

    select
        plan_id,
        max(period_grain) as period_grain

    from {{ ref('dim_compensation_plan') }}
    group by plan_id

)

select
    assignments.person_id,
    assignments.plan_id,
    plan_grains.period_grain,
    assignments.effective_from as valid_from_date,
    assignments.valid_to_date

from held_assignments as assignments
left join plan_grains on assignments.plan_id = plan_grains.plan_id
where assignments.valid_to_date > assignments.effective_from

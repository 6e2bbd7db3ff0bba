with

    enrolments as (

        select
            *,
            coalesce(started_on, completed_on) as training_date,
            coalesce(
                enrolment_status in ('completed', 'passed'), completed_on is not null
            ) as is_completed,
            coalesce(
                enrolment_status in ('completed', 'passed', 'failed', 'incomplete'),
                completed_on is not null
            ) as is_ended

        from {{ ref('stg_hr__training_enrolments') }}

    )

select
    enrolments.enrolment_id,
    enrolments.source_system,
    enrolments.worker_id,
    people.person_id,
    people.person_key,
    persons.sales_rep_id,
    enrolments.course_id,
    courses.course_name,
    courses.course_type,
    coalesce(courses.is_onboarding, false) as is_onboarding,
    {{ or_unknown('intervals.branch_id') }} as branch_id,
    {{ or_unknown('intervals.team_id') }} as team_id,
    {{ or_unknown('intervals.territory_id') }} as territory_id,
    enrolments.enrolment_status,
    enrolments.training_date,
    enrolments.started_on,
    case when enrolments.is_completed then enrolments.completed_on end as completed_on,
    case
        when enrolments.is_completed and enrolments.completed_on >= enrolments.started_on
        then {{ days_between('enrolments.started_on', 'enrolments.completed_on') }}
    end as days_to_complete,
    -- The course's hours say nothing of a course that has not been taken.
    cast(
        coalesce(
            enrolments.training_hours, case when enrolments.is_ended then courses.course_hours end
        ) as decimal(11, 6)
    ) as training_hours,
    enrolments.training_cost,
    coalesce(enrolments.currency_code, settings.reporting_currency) as currency_code,
    rates.exchange_rate,
    rates.exchange_rate_date,
    {{ converted_pay('enrolments.training_cost', 'rates.exchange_rate') }} as training_cost_value,
    enrolments.is_completed,
    enrolments.is_ended

from enrolments
cross join {{ ref('stg_company__settings') }} as settings
left join
    {{ ref('bridge_person') }} as people
    on people.system_name = 'hr'
    and enrolments.worker_id = people.system_person_id
left join {{ ref('dim_person') }} as persons on people.person_id = persons.person_id
left join
    {{ ref('stg_hr__training_courses') }} as courses on enrolments.course_id = courses.course_id
left join
    {{ ref('fct_employment_interval') }} as intervals
    on people.person_id = intervals.person_id
    and enrolments.training_date >= intervals.valid_from_date
    and enrolments.training_date < intervals.valid_to_date
left join
    {{ ref('int_fx_rates_daily') }} as rates
    on coalesce(enrolments.currency_code, settings.reporting_currency) = rates.currency_code
    and enrolments.training_date = rates.rate_date

{{ config(materialized='view') }}

with

    worker_employments as (

        select
            worker_id, hired_on as valid_from_date, {{ plus_days('exited_on', 1) }} as valid_to_date

        from {{ ref('stg_hr__workers') }}

        union all

        select worker_id, valid_from_date, valid_to_date

        from {{ ref('int_earlier_employments') }}

    ),

    hr_employments as (

        select people.person_id, employments.valid_from_date, employments.valid_to_date

        from worker_employments as employments
        inner join
            {{ ref('bridge_person') }} as people
            on people.system_name = 'hr'
            and employments.worker_id = people.system_person_id

    ),

    known_to_hr as (select distinct person_id from hr_employments),

    payroll_employments as (

        select
            people.person_id,
            people.starts_on as valid_from_date,
            {{ plus_days('people.ends_on', 1) }} as valid_to_date

        from {{ ref('bridge_person') }} as people
        left join known_to_hr on people.person_id = known_to_hr.person_id
        where people.system_name = 'payroll' and known_to_hr.person_id is null

    ),

    employments as (

        select *
        from hr_employments
        union all
        select *
        from payroll_employments

    )

select
    person_id,
    coalesce(valid_from_date, {{ open_start_date() }}) as valid_from_date,
    coalesce(valid_to_date, {{ open_end_date() }}) as valid_to_date

from employments

with

    worker_spells as (

        select worker_id, hired_on as starts_on, exited_on as ends_on

        from {{ ref('stg_hr__workers') }}

        union all

        select
            worker_id, valid_from_date as starts_on, {{ plus_days('valid_to_date', -1) }} as ends_on

        from {{ ref('int_earlier_employments') }}

    ),

    hr_spells as (

        select people.person_id, spells.starts_on, spells.ends_on

        from worker_spells as spells
        inner join
            {{ ref('bridge_person') }} as people
            on people.system_name = 'hr'
            and spells.worker_id = people.system_person_id

    ),

    known_to_hr as (select distinct person_id from hr_spells),

    payroll_spells as (

        select people.person_id, people.starts_on, people.ends_on

        from {{ ref('bridge_person') }} as people
        left join known_to_hr on people.person_id = known_to_hr.person_id
        where people.system_name = 'payroll' and known_to_hr.person_id is null

    ),

    spells as (

        select *
        from hr_spells
        union all
        select *
        from payroll_spells

    )

select
    person_id,
    coalesce(starts_on, {{ open_start_date() }}) as starts_on,
    coalesce(ends_on, {{ open_end_date() }}) as ends_on

from spells

-- noqa: disable=LT05,ST06
with

worker_versions as (

    select
        versions.worker_id,
        versions.worker_name,
        versions.hired_on,
        versions.exited_on,
        versions.is_current,
        row_number() over (
            partition by versions.worker_id, versions.hired_on
            order by versions.version_number desc
        ) as place

    from {{ ref('stg_hr__workers_history') }} as versions

),

-- HR keeps the present employment of somebody who came back; what it said before tells the earlier one.
-- Another name with another day of hiring is another person, to whom the id was given before.
hr_spells as (

    select
        people.person_id,
        versions.hired_on as starts_on,
        versions.exited_on as ends_on

    from worker_versions as versions
    inner join {{ ref('stg_hr__workers') }} as workers on versions.worker_id = workers.worker_id
    inner join {{ ref('bridge_person') }} as people
        on
            people.system_name = 'hr'
            and versions.worker_id = people.system_person_id
    where
        versions.place = 1
        and (
            versions.is_current
            or lower(trim(versions.worker_name)) = lower(trim(workers.worker_name))
        )

),

known_to_hr as (

    select distinct person_id

    from hr_spells

),

payroll_spells as (

    select
        people.person_id,
        people.starts_on,
        people.ends_on

    from {{ ref('bridge_person') }} as people
    left join known_to_hr on people.person_id = known_to_hr.person_id
    where
        people.system_name = 'payroll'
        and known_to_hr.person_id is null

),

spells as (

    select * from hr_spells
    union all
    select * from payroll_spells

)

select
    person_id,
    coalesce(starts_on, {{ open_start_date() }}) as starts_on,
    coalesce(ends_on, {{ open_end_date() }}) as ends_on

from spells

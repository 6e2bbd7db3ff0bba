{{ config(materialized='view') }}

with

    accounts as (select * from {{ ref('bridge_person') }}),

    -- A system that sends nothing lacks nobody.
    systems as (select distinct system_name from accounts),

    people as (

        select
            person_id,
            max(case when system_name = 'hr' then 1 else 0 end) = 1 as is_in_hr,
            max(case when system_name = 'payroll' then 1 else 0 end) = 1 as is_in_payroll,
            max(case when system_name = 'crm' then 1 else 0 end) = 1 as is_in_crm

        from accounts
        group by person_id

    ),

    reps as (select distinct person_id from {{ ref('dim_employee') }} where is_sales),

    -- Whom a system should know and does not. A worker need not be a user of the CRM, unless to
    -- sell.
    absent as (

        select people.person_id, systems.system_name as absent_from

        from people
        cross join systems
        left join reps on people.person_id = reps.person_id
        where
            (systems.system_name = 'hr' and not people.is_in_hr)
            or (systems.system_name = 'payroll' and not people.is_in_payroll and people.is_in_hr)
            or (systems.system_name = 'crm' and not people.is_in_crm and reps.person_id is not null)

    ),

    -- Names never decide, but an equal one of somebody who is missing is worth a look.
    names as (

        select person_id, system_name, system_person_id, lower(trim(person_name)) as plain_name

        from accounts
        where person_name is not null

    ),

    suggestions as (

        select
            absent.person_id,
            absent.absent_from,
            min(same_name.system_person_id) as suggested_person_id

        from absent
        inner join names on absent.person_id = names.person_id
        inner join
            names as same_name
            on absent.absent_from = same_name.system_name
            and names.plain_name = same_name.plain_name
            and absent.person_id <> same_name.person_id
        group by absent.person_id, absent.absent_from
        having count(distinct same_name.person_id) = 1

    )

select absent.person_id, absent.absent_from as missing_in, suggestions.suggested_person_id

from absent
left join
    suggestions
    on absent.person_id = suggestions.person_id
    and absent.absent_from = suggestions.absent_from

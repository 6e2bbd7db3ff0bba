with

    accounts as (

        select
            'hr' as system_name,
            worker_id as system_person_id,
            worker_name as person_name,
            employee_number,
            work_email,
            hired_on as starts_on,
            exited_on as ends_on

        from {{ ref('stg_hr__workers') }}

        union all

        select
            'payroll' as system_name,
            employee_id as system_person_id,
            employee_name as person_name,
            employee_number,
            work_email,
            hired_on as starts_on,
            exited_on as ends_on

        from {{ ref('stg_payroll__employees') }}

        union all

        select
            'crm' as system_name,
            user_id as system_person_id,
            user_name as person_name,
            employee_number,
            email as work_email,
            cast(null as date) as starts_on,
            cast(null as date) as ends_on

        from {{ ref('stg_crm__users') }}

    )

select
    accounts.system_name,
    accounts.system_person_id,
    accounts.person_name,
    nullif(trim(accounts.employee_number), '') as employee_number,
    nullif(lower(trim(accounts.work_email)), '') as work_email,
    accounts.starts_on,
    accounts.ends_on,
    crosswalk.person_id as crosswalk_person_id,
    crosswalk.valid_from as crosswalk_valid_from_date,
    crosswalk.valid_to as crosswalk_valid_to_date,
    -- HR knows people best, payroll next: the one that a person is named after.
    case accounts.system_name when 'hr' then 1 when 'payroll' then 2 else 3 end as system_rank

from accounts
left join
    {{ ref('stg_crm__person_crosswalk') }} as crosswalk
    on accounts.system_name = crosswalk.system_name
    and accounts.system_person_id = crosswalk.system_person_id

with

    accounts as (

        select
            *,
            count(*) over (partition by system_name, employee_number) as accounts_of_number,
            count(*) over (partition by system_name, work_email) as accounts_of_email

        from {{ ref('bridge_person') }}

    ),

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

    employments as (

        select
            system_name,
            person_id,
            coalesce(starts_on, {{ open_start_date() }}) as starts_on,
            max(coalesce(ends_on, {{ open_end_date() }})) over (
                partition by system_name, person_id
                order by coalesce(starts_on, {{ open_start_date() }}), system_person_id
                rows between unbounded preceding and 1 preceding
            ) as latest_end_before,
            count(*) over (partition by system_name, person_id) as accounts

        from accounts

    ),

    doubled_accounts as (

        select
            system_name,
            person_id,
            -- Employments that follow each other are a return; those side by side are a double.
            max(case when starts_on <= latest_end_before then 1 else 0 end) = 1 as is_overlapping

        from employments
        where accounts > 1
        group by system_name, person_id

    ),

    -- A record that was given to somebody else shows by a new name together with a new first day.
    worker_versions as (

        select
            worker_id,
            worker_name,
            hired_on,
            exited_on,
            lag(worker_name) over (partition by worker_id order by version_number) as name_before,
            lag(hired_on) over (partition by worker_id order by version_number) as hired_on_before,
            lag(exited_on) over (partition by worker_id order by version_number) as exited_on_before

        from {{ ref('stg_hr__workers_history') }}

    ),

    employment_changes as (

        select
            worker_id,
            max(
                case
                    when hired_on > hired_on_before and worker_name <> name_before then 1 else 0
                end
            )
            = 1 as is_reused,
            max(
                case
                    when
                        worker_name = name_before
                        and hired_on > hired_on_before
                        and hired_on > exited_on_before
                    then 1
                    else 0
                end
            )
            = 1 as is_rehired

        from worker_versions
        group by worker_id

    ),

    managers as (

        select distinct people.person_id, positions.manager_worker_id

        from {{ ref('dim_employee') }} as positions
        inner join
            accounts as people
            on people.system_name = 'hr'
            and positions.manager_worker_id = people.system_person_id

    ),

    doubled_managers as (select person_id from managers group by person_id having count(*) > 1),

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

    ),

    gaps as (

        select
            accounts.system_name,
            accounts.system_person_id,
            'not_in_' || absent.absent_from as gap,
            suggestions.suggested_person_id

        from absent
        inner join accounts on absent.person_id = accounts.person_id
        left join
            suggestions
            on absent.person_id = suggestions.person_id
            and absent.absent_from = suggestions.absent_from

        union all

        select
            system_name,
            system_person_id,
            'employee_number_given_twice' as gap,
            cast(null as string) as suggested_person_id

        from accounts
        where employee_number is not null and accounts_of_number > 1

        union all

        select
            system_name,
            system_person_id,
            'work_email_given_twice' as gap,
            cast(null as string) as suggested_person_id

        from accounts
        where work_email is not null and accounts_of_email > 1

        union all

        select
            accounts.system_name,
            accounts.system_person_id,
            case
                when doubled.is_overlapping then 'duplicate_account' else 'rehired_under_new_id'
            end as gap,
            cast(null as string) as suggested_person_id

        from accounts
        inner join
            doubled_accounts as doubled
            on accounts.system_name = doubled.system_name
            and accounts.person_id = doubled.person_id

        union all

        select
            'hr' as system_name,
            worker_id as system_person_id,
            case when is_reused then 'reused_id' else 'rehired' end as gap,
            cast(null as string) as suggested_person_id

        from employment_changes
        where is_reused or is_rehired

        union all

        select
            'hr' as system_name,
            managers.manager_worker_id as system_person_id,
            'manager_under_two_ids' as gap,
            cast(null as string) as suggested_person_id

        from managers
        inner join doubled_managers as doubled on managers.person_id = doubled.person_id

    )

select
    gaps.gap,
    gaps.system_name,
    gaps.system_person_id,
    accounts.person_id,
    accounts.person_name,
    accounts.matched_by,
    gaps.suggested_person_id

from gaps
inner join
    accounts
    on gaps.system_name = accounts.system_name
    and gaps.system_person_id = accounts.system_person_id

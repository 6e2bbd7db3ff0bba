with

    accounts as (

        select
            *,
            count(*) over (partition by system_name, employee_number) as accounts_of_number,
            count(*) over (partition by system_name, work_email) as accounts_of_email

        from {{ ref('bridge_person') }}

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

    managers as (

        select distinct people.person_id, positions.manager_worker_id

        from {{ ref('dim_employee') }} as positions
        inner join
            accounts as people
            on people.system_name = 'hr'
            and positions.manager_worker_id = people.system_person_id

    ),

    doubled_managers as (select person_id from managers group by person_id having count(*) > 1),

    gaps as (

        select
            accounts.system_name,
            accounts.system_person_id,
            'not_in_' || missing.missing_in as gap,
            missing.suggested_person_id

        from {{ ref('int_accounts_missing') }} as missing
        inner join accounts on missing.person_id = accounts.person_id

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

        from {{ ref('int_worker_records_compared') }}
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
    gaps.gap, gaps.system_name, gaps.system_person_id, accounts.person_id, gaps.suggested_person_id

from gaps
inner join
    accounts
    on gaps.system_name = accounts.system_name
    and gaps.system_person_id = accounts.system_person_id

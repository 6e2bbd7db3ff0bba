with

    accounts as (

        select *, system_name || ':' || system_person_id as own_person_id

        from {{ ref('int_person_accounts') }}

    ),

    -- A number decides where no system gave it to two accounts, which is what a number given out
    -- again looks like, and where the crosswalk does not name two people for it.
    accounts_by_number as (

        select
            employee_number,
            system_name,
            count(*) as accounts,
            min(crosswalk_person_id) as first_crosswalk_person_id,
            max(crosswalk_person_id) as last_crosswalk_person_id,
            min(cast(system_rank as string) || own_person_id) as ranked_person_id

        from accounts
        where employee_number is not null
        group by employee_number, system_name

    ),

    deciding_numbers as (

        select
            employee_number,
            coalesce(min(first_crosswalk_person_id), substr(min(ranked_person_id), 2)) as person_id

        from accounts_by_number
        group by employee_number
        having
            max(accounts) = 1
            and count(*) > 1
            and coalesce(min(first_crosswalk_person_id) = max(last_crosswalk_person_id), true)

    ),

    known_by_number as (

        select
            accounts.*,
            coalesce(accounts.crosswalk_person_id, numbers.person_id) as known_person_id,
            case
                when accounts.crosswalk_person_id is not null
                then 'crosswalk'
                when numbers.person_id is not null
                then 'employee_number'
            end as known_by

        from accounts
        left join deciding_numbers as numbers on accounts.employee_number = numbers.employee_number

    ),

    -- An e-mail address decides in the same way, for those that no number has decided.
    accounts_by_email as (

        select
            work_email,
            system_name,
            count(*) as accounts,
            min(known_person_id) as first_known_person_id,
            max(known_person_id) as last_known_person_id,
            min(cast(system_rank as string) || own_person_id) as ranked_person_id

        from known_by_number
        where work_email is not null
        group by work_email, system_name

    ),

    deciding_emails as (

        select
            work_email,
            coalesce(min(first_known_person_id), substr(min(ranked_person_id), 2)) as person_id

        from accounts_by_email
        group by work_email
        having
            max(accounts) = 1
            and count(*) > 1
            and coalesce(min(first_known_person_id) = max(last_known_person_id), true)

    ),

    matched as (

        select
            known.system_name,
            known.system_person_id,
            known.person_name,
            known.employee_number,
            known.work_email,
            known.starts_on,
            known.ends_on,
            known.system_rank,
            coalesce(known.known_person_id, emails.person_id, known.own_person_id) as person_id,
            case
                when known.known_by is not null
                then known.known_by
                when emails.person_id is not null
                then 'work_email'
                else 'alone'
            end as matched_by,
            coalesce(known.crosswalk_valid_from_date, {{ open_start_date() }}) as valid_from_date,
            coalesce(known.crosswalk_valid_to_date, {{ open_end_date() }}) as valid_to_date

        from known_by_number as known
        left join deciding_emails as emails on known.work_email = emails.work_email

    )

select
    matched.system_name,
    matched.system_person_id,
    matched.person_id,
    {{ pseudonym('matched.person_id', 'pseudonym_key') }} as person_key,
    matched.matched_by,
    matched.person_name,
    matched.employee_number,
    matched.work_email,
    matched.starts_on,
    matched.ends_on,
    matched.system_rank,
    matched.valid_from_date,
    matched.valid_to_date

from matched
left join {{ ref('stg_company__pseudonym_key') }} as pseudonym_key on true

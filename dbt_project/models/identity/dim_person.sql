with

    -- Of several accounts in one system the one of the latest employment stands for the person.
    ranked_accounts as (

        select
            *,
            row_number() over (
                partition by person_id, system_name
                order by
                    coalesce(ends_on, {{ open_end_date() }}) desc,
                    coalesce(starts_on, {{ open_start_date() }}) desc,
                    system_person_id
            ) as rank

        from {{ ref('bridge_person') }}

    )

select
    person_id,
    max(person_key) as person_key,
    substr(min(cast(system_rank as string) || person_name), 2) as person_name,
    max(case when system_name = 'hr' then system_person_id end) as worker_id,
    max(case when system_name = 'payroll' then system_person_id end) as employee_id,
    max(case when system_name = 'crm' then system_person_id end) as sales_rep_id

from ranked_accounts
where rank = 1
group by person_id

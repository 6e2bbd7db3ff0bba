with

    -- The bridge says since when and how long an account is this person's.
    positions as (

        select
            accounts.system_person_id as sales_rep_id,
            employees.employee_key,
            employees.manager_worker_id,
            nullif(employees.team_id, 'unknown') as team_id,
            nullif(employees.branch_id, 'unknown') as branch_id,
            nullif(employees.territory_id, 'unknown') as territory_id,
            employees.is_primary,
            greatest(employees.valid_from_date, accounts.valid_from_date) as valid_from_date,
            least(employees.valid_to_date, accounts.valid_to_date) as valid_to_date

        from {{ ref('bridge_person') }} as accounts
        inner join
            {{ ref('dim_employee') }} as employees on accounts.person_id = employees.person_id
        where accounts.system_name = 'crm'

    )

select
    positions.sales_rep_id,
    positions.employee_key,
    managers.sales_rep_id as manager_id,
    positions.team_id,
    positions.branch_id,
    positions.territory_id,
    positions.is_primary,
    positions.valid_from_date,
    positions.valid_to_date

from positions
left join
    {{ ref('bridge_person') }} as manager_accounts
    on manager_accounts.system_name = 'hr'
    and positions.manager_worker_id = manager_accounts.system_person_id
left join {{ ref('dim_person') }} as managers on manager_accounts.person_id = managers.person_id
where positions.valid_from_date < positions.valid_to_date

select
    user_id,

    manager_id,
    team_id,
    branch_id,
    territory_id,

    user_name,
    email,
    employee_number,
    role,

    is_active,

    source_system,
    extract_id,
    extracted_at

from {{ ref('stg_crm__users_history') }}
where is_current and not is_vanished

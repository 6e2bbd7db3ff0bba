select
    worker_id,
    effective_from,

    effective_to,
    job_title,
    job_family,
    manager_worker_id,
    branch_id,
    team_id,
    territory_id,
    fte,
    is_sales,
    is_primary,
    changed_at,

    source_system,
    extract_id,
    extracted_at

from {{ ref('stg_hr__positions_history') }}
where is_current and not is_vanished

select
    worker_id,

    worker_name,
    employee_number,
    work_email,
    worker_type,
    worker_status,
    hired_on,
    exited_on,
    exit_reason,
    country,

    source_system,
    extract_id,
    extracted_at

from {{ ref('stg_hr__workers_history') }}
where is_current and not is_vanished

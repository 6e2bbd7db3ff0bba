select
    employee_id,

    employee_name,
    employee_number,
    work_email,
    department,
    job_title,
    hired_on,
    exited_on,

    source_system,
    extract_id,
    extracted_at

from {{ ref('stg_payroll__employees_history') }}
where is_current and not is_vanished

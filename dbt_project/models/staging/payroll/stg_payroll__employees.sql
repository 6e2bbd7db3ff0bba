with

history as (

    {{ version_history(
        source('payroll', 'employees'),
        key=['employee_id'],
        columns=[
            'employee_name',
            'employee_number',
            'work_email',
            'department',
            'job_title',
            'hired_on',
            'exited_on',
        ],
    ) | indent(4) }}

)

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

from history
where
    is_current
    and not is_vanished

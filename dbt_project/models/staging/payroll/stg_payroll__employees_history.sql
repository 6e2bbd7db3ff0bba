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
) }}

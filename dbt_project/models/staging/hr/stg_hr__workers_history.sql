{{ version_history(
    source('hr', 'workers'),
    key=['worker_id'],
    columns=[
        'worker_name',
        'employee_number',
        'work_email',
        'worker_type',
        'worker_status',
        'hired_on',
        'exited_on',
        'exit_reason',
        'country',
    ],
) }}

{{ version_history(
    source('hr', 'positions'),
    key=['worker_id', 'effective_from'],
    columns=[
        'effective_to',
        'job_title',
        'job_family',
        'manager_worker_id',
        'branch_id',
        'team_id',
        'territory_id',
        'fte',
        'is_sales',
        'is_primary',
        'changed_at',
    ],
) }}

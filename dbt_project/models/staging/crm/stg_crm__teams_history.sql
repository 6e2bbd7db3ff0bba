{{ version_history(
    source('crm', 'teams'),
    key=['team_id'],
    columns=[
        'team_name',
        'manager_id',
        'branch_id',
    ],
) }}

{{ version_history(
    source('crm', 'users'),
    key=['user_id'],
    columns=[
        'user_name',
        'email',
        'employee_number',
        'role',
        'manager_id',
        'team_id',
        'branch_id',
        'territory_id',
        'is_active',
    ],
) }}

{{ version_history(
    source('crm', 'accounts'),
    key=['account_id'],
    columns=[
        'account_name',
        'industry',
        'segment',
        'country',
        'owner_id',
        'territory_id',
        'parent_account_id',
        'annual_revenue',
        'employee_count',
    ],
) }}

{{ version_history(
    source('crm', 'branches'),
    key=['branch_id'],
    columns=[
        'branch_name',
        'region',
        'country',
    ],
) }}

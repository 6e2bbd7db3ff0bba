{{ version_history(
    source('crm', 'territories'),
    key=['territory_id'],
    columns=[
        'territory_name',
        'parent_territory_id',
    ],
) }}

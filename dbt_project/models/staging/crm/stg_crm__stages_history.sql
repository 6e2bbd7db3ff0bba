{{ version_history(
    source('crm', 'stages'),
    key=['stage_id'],
    columns=[
        'stage_name',
        'stage_order',
        'is_closed',
        'is_won',
        'probability',
    ],
) }}

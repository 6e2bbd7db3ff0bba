{{ version_history(
    source('crm', 'person_crosswalk'),
    key=['system_name', 'system_person_id'],
    columns=[
        'person_id',
        'valid_from',
        'valid_to',
    ],
) }}

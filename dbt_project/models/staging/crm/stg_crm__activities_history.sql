{{ version_history(
    source('crm', 'activities'),
    key=['activity_id'],
    columns=[
        'activity_type',
        'activity_status',
        'direction',
        'owner_id',
        'opportunity_id',
        'account_id',
        'duration_minutes',
        'is_automatic',
        'has_external_participants',
        'started_at',
        'ended_at',
    ],
) }}

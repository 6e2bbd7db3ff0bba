{{ version_history(
    source('hr', 'time_entries'),
    key=['time_entry_id'],
    columns=[
        'worker_id',
        'started_at',
        'ended_at',
        'activity_class',
    ],
) }}

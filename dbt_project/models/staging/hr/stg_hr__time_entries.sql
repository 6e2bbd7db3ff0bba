with

history as (

    {{ version_history(
        source('hr', 'time_entries'),
        key=['time_entry_id'],
        columns=[
            'worker_id',
            'started_at',
            'ended_at',
            'activity_class',
        ],
    ) | indent(4) }}

)

select
    time_entry_id,

    worker_id,
    started_at,
    ended_at,
    activity_class,

    source_system,
    extract_id,
    extracted_at

from history
where
    is_current
    and not is_vanished

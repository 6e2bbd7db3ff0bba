select
    time_entry_id,

    worker_id,
    started_at,
    ended_at,
    activity_class,

    source_system,
    extract_id,
    extracted_at

from {{ ref('stg_hr__time_entries_history') }}
where is_current and not is_vanished

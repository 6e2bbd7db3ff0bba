with

    history as (

        {{ version_history(
        source('hr', 'leave'),
        key=['leave_id'],
        columns=[
            'worker_id',
            'leave_type',
            'leave_status',
            'starts_on',
            'ends_on',
            'hours_per_day',
        ],
    ) | indent(4) }}

    )

select
    leave_id,

    worker_id,
    leave_type,
    leave_status,
    starts_on,
    ends_on,
    hours_per_day,

    source_system,
    extract_id,
    extracted_at

from history
where is_current and not is_vanished

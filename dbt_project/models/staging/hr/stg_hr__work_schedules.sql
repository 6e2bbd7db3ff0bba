with

    history as (

        {{ version_history(
        source('hr', 'work_schedules'),
        key=['schedule_id'],
        columns=[
            'worker_id',
            'effective_from',
            'effective_to',
            'monday_hours',
            'tuesday_hours',
            'wednesday_hours',
            'thursday_hours',
            'friday_hours',
            'saturday_hours',
            'sunday_hours',
        ],
    ) | indent(4) }}

    )

select
    schedule_id,

    worker_id,
    effective_from,
    effective_to,
    monday_hours,
    tuesday_hours,
    wednesday_hours,
    thursday_hours,
    friday_hours,
    saturday_hours,
    sunday_hours,

    source_system,
    extract_id,
    extracted_at

from history
where is_current and not is_vanished

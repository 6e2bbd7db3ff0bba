with

    history as (

        {{ version_history(
        source('hr', 'training_enrolments'),
        key=['enrolment_id'],
        columns=[
            'worker_id',
            'course_id',
            'enrolment_status',
            'started_on',
            'completed_on',
            'training_hours',
            'training_cost',
            'currency_code',
        ],
    ) | indent(4) }}

    )

select
    enrolment_id,

    worker_id,
    course_id,
    enrolment_status,
    started_on,
    completed_on,
    training_hours,
    training_cost,
    currency_code,

    source_system,
    extract_id,
    extracted_at

from history
where is_current and not is_vanished

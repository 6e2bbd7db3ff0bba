with

    history as (

        {{ version_history(
        source('hr', 'training_courses'),
        key=['course_id'],
        columns=[
            'course_name',
            'course_type',
            'course_hours',
            'is_onboarding',
        ],
    ) | indent(4) }}

    )

select
    course_id,

    course_name,
    course_type,
    course_hours,
    is_onboarding,

    source_system,
    extract_id,
    extracted_at

from history
where is_current and not is_vanished

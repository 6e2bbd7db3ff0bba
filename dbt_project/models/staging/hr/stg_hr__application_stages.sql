with

    history as (

        {{ version_history(
        source('hr', 'application_stages'),
        key=['application_stage_id'],
        columns=[
            'application_id',
            'stage_name',
            'entered_on',
            'exited_on',
        ],
    ) | indent(4) }}

    )

select
    application_stage_id,

    application_id,
    stage_name,
    entered_on,
    exited_on,

    source_system,
    extract_id,
    extracted_at

from history
where is_current and not is_vanished

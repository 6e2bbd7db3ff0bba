with

    history as (

        {{ version_history(
        source('crm', 'opportunity_stage_history'),
        key=['stage_history_id'],
        columns=[
            'opportunity_id',
            'stage_id',
            'entered_at',
            'exited_at',
        ],
    ) | indent(4) }}

    )

select
    stage_history_id,

    opportunity_id,
    stage_id,
    entered_at,
    exited_at,

    source_system,
    extract_id,
    extracted_at

from history
where is_current and not is_vanished

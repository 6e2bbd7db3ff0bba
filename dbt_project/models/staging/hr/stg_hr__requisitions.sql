with

    history as (

        {{ version_history(
        source('hr', 'requisitions'),
        key=['requisition_id'],
        columns=[
            'job_title',
            'branch_id',
            'team_id',
            'hiring_manager_id',
            'openings',
            'opened_on',
            'closed_on',
        ],
    ) | indent(4) }}

    )

select
    requisition_id,

    job_title,
    branch_id,
    team_id,
    hiring_manager_id,
    openings,
    opened_on,
    closed_on,

    source_system,
    extract_id,
    extracted_at

from history
where is_current and not is_vanished

with

    history as (

        {{ version_history(
        source('hr', 'applications'),
        key=['application_id'],
        columns=[
            'requisition_id',
            'applicant_name',
            'applicant_email',
            'job_title',
            'application_source',
            'application_status',
            'applied_on',
            'decided_on',
            'desired_salary',
            'worker_id',
        ],
    ) | indent(4) }}

    )

select
    application_id,

    requisition_id,
    applicant_name,
    applicant_email,
    job_title,
    application_source,
    application_status,
    applied_on,
    decided_on,
    desired_salary,
    worker_id,

    source_system,
    extract_id,
    extracted_at

from history
where is_current and not is_vanished

with

    history as (

        {{ version_history(
        source('payroll', 'plan_assignments'),
        key=['assignment_id'],
        columns=[
            'employee_id',
            'plan_id',
            'effective_from',
            'effective_to',
        ],
    ) | indent(4) }}

    )

select
    assignment_id,

    employee_id,
    plan_id,
    effective_from,
    effective_to,

    source_system,
    extract_id,
    extracted_at

from history
where is_current and not is_vanished

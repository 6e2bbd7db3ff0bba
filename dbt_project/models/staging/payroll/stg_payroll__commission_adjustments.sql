with

    history as (

        {{ version_history(
        source('payroll', 'commission_adjustments'),
        key=['adjustment_id'],
        columns=[
            'employee_id',
            'opportunity_id',
            'adjustment_amount',
            'currency_code',
            'adjustment_reason',
            'approved_by_id',
            'approved_on',
        ],
    ) | indent(4) }}

    )

select
    adjustment_id,

    employee_id,
    opportunity_id,
    adjustment_amount,
    currency_code,
    adjustment_reason,
    approved_by_id,
    approved_on,

    source_system,
    extract_id,
    extracted_at

from history
where is_current and not is_vanished

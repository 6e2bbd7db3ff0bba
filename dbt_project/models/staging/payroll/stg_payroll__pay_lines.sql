with

history as (

    {{ version_history(
        source('payroll', 'pay_lines'),
        key=['pay_line_id'],
        columns=[
            'pay_run_id',
            'employee_id',
            'earning_code',
            'hours',
            'pay_amount',
            'currency_code',
            'opportunity_id',
            'reversal_of_id',
        ],
    ) | indent(4) }}

)

select
    pay_line_id,

    pay_run_id,
    employee_id,
    earning_code,
    hours,
    pay_amount,
    currency_code,
    opportunity_id,
    reversal_of_id,

    source_system,
    extract_id,
    extracted_at

from history
where
    is_current
    and not is_vanished

with

    history as (

        {{ version_history(
        source('payroll', 'draws'),
        key=['draw_id'],
        columns=[
            'employee_id',
            'period_start',
            'draw_amount',
            'currency_code',
            'is_recoverable',
        ],
    ) | indent(4) }}

    )

select
    draw_id,

    employee_id,
    period_start,
    draw_amount,
    currency_code,
    is_recoverable,

    source_system,
    extract_id,
    extracted_at

from history
where is_current and not is_vanished

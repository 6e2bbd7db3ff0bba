with

    history as (

        {{ version_history(
        source('payroll', 'pay_periods'),
        key=['pay_period_id'],
        columns=[
            'period_start',
            'period_end',
        ],
    ) | indent(4) }}

    )

select pay_period_id, period_start, period_end, source_system, extract_id, extracted_at

from history
where is_current and not is_vanished

with

history as (

    {{ version_history(
        source('payroll', 'pay_runs'),
        key=['pay_run_id'],
        columns=[
            'pay_period_id',
            'run_type',
            'paid_on',
            'control_total',
            'currency_code',
        ],
    ) | indent(4) }}

)

select
    pay_run_id,

    pay_period_id,
    run_type,
    paid_on,
    control_total,
    currency_code,

    source_system,
    extract_id,
    extracted_at

from history
where
    is_current
    and not is_vanished

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
) }}

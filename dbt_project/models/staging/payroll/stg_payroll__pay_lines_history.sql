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
) }}

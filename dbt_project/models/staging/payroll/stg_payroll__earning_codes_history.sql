{{ version_history(
    source('payroll', 'earning_codes'),
    key=['earning_code'],
    columns=[
        'earning_name',
        'earning_class',
        'is_commission',
    ],
) }}

{{ version_history(
    source('crm', 'fx_rates'),
    key=['rate_date', 'from_currency', 'to_currency'],
    columns=[
        'rate',
    ],
) }}

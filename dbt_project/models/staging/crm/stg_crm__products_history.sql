{{ version_history(
    source('crm', 'products'),
    key=['product_id'],
    columns=[
        'product_name',
        'product_family',
        'list_price',
        'currency_code',
        'is_active',
    ],
) }}

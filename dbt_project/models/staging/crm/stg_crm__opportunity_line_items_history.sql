{{ version_history(
    source('crm', 'opportunity_line_items'),
    key=['line_item_id'],
    columns=[
        'opportunity_id',
        'product_id',
        'quantity',
        'unit_price',
        'line_amount',
    ],
) }}

with

    history as (

        {{ version_history(
        source('payroll', 'spifs'),
        key=['spif_id'],
        columns=[
            'spif_name',
            'plan_id',
            'product_id',
            'minimum_value',
            'spif_amount',
            'currency_code',
            'effective_from',
            'effective_to',
        ],
    ) | indent(4) }}

    )

select
    spif_id,

    spif_name,
    plan_id,
    product_id,
    minimum_value,
    spif_amount,
    currency_code,
    effective_from,
    effective_to,

    source_system,
    extract_id,
    extracted_at

from history
where is_current and not is_vanished

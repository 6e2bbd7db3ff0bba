with

    history as (

        {{ version_history(
        source('hr', 'compensation'),
        key=['compensation_id'],
        columns=[
            'worker_id',
            'component',
            'pay_amount',
            'pay_basis',
            'currency_code',
            'effective_from',
            'effective_to',
        ],
    ) | indent(4) }}

    )

select
    compensation_id,

    worker_id,
    component,
    pay_amount,
    pay_basis,
    currency_code,
    effective_from,
    effective_to,

    source_system,
    extract_id,
    extracted_at

from history
where is_current and not is_vanished

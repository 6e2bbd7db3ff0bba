with

    history as (

        {{ version_history(
        source('hr', 'offers'),
        key=['offer_id'],
        columns=[
            'application_id',
            'offer_status',
            'offered_on',
            'answered_on',
            'starts_on',
            'base_amount',
            'currency_code',
        ],
    ) | indent(4) }}

    )

select
    offer_id,

    application_id,
    offer_status,
    offered_on,
    answered_on,
    starts_on,
    base_amount,
    currency_code,

    source_system,
    extract_id,
    extracted_at

from history
where is_current and not is_vanished

with

    history as (

        {{ version_history(
        source('crm', 'opportunity_snapshots'),
        key=['opportunity_id', 'snapshot_at'],
        columns=[
            'stage_id',
            'owner_id',
            'territory_id',
            'amount',
            'currency_code',
            'probability',
            'forecast_category',
            'expected_close_date',
        ],
    ) | indent(4) }}

    )

select
    opportunity_id,
    snapshot_at,

    stage_id,
    owner_id,
    territory_id,
    amount,
    currency_code,
    probability,
    forecast_category,
    expected_close_date,

    source_system,
    extract_id,
    extracted_at

from history
where is_current and not is_vanished

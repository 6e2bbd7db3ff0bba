select
    opportunity_id,

    account_id,
    owner_id,
    product_id,
    territory_id,
    stage_id,
    merged_into_id,

    opportunity_name,
    forecast_category,
    lead_source,
    deal_type,
    loss_reason,
    competitor,
    currency_code,

    amount,
    probability,

    is_duplicate,
    is_deleted,

    created_at,
    created_date,
    expected_close_date,
    closed_at,
    closed_date,
    modified_at,

    source_system,
    extract_id,
    extracted_at

from {{ ref('stg_crm__opportunities_history') }}
where is_current and not is_vanished

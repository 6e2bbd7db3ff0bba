select
    account_id,

    owner_id,
    territory_id,
    parent_account_id,

    account_name,
    industry,
    segment,
    country,

    annual_revenue,
    employee_count,

    source_system,
    extract_id,
    extracted_at

from {{ ref('stg_crm__accounts_history') }}
where is_current and not is_vanished

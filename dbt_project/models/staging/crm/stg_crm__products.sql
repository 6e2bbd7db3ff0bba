select
    product_id,

    product_name,
    product_family,
    currency_code,

    list_price,

    is_active,

    source_system,
    extract_id,
    extracted_at

from {{ ref('stg_crm__products_history') }}
where is_current and not is_vanished

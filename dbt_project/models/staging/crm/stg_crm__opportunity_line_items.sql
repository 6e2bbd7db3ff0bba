select
    line_item_id,

    opportunity_id,
    product_id,

    quantity,
    unit_price,
    line_amount,

    source_system,
    extract_id,
    extracted_at

from {{ ref('stg_crm__opportunity_line_items_history') }}
where is_current and not is_vanished

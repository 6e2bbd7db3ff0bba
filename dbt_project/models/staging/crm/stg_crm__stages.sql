select
    stage_id,

    stage_name,

    stage_order,
    probability,

    is_closed,
    is_won,

    source_system,
    extract_id,
    extracted_at

from {{ ref('stg_crm__stages_history') }}
where is_current and not is_vanished

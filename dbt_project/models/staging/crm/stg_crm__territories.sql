select territory_id, parent_territory_id, territory_name, source_system, extract_id, extracted_at

from {{ ref('stg_crm__territories_history') }}
where is_current and not is_vanished

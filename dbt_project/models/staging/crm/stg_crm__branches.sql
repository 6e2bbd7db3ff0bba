select branch_id, branch_name, region, country, source_system, extract_id, extracted_at

from {{ ref('stg_crm__branches_history') }}
where is_current and not is_vanished

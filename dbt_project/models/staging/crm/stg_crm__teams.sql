select team_id, manager_id, branch_id, team_name, source_system, extract_id, extracted_at

from {{ ref('stg_crm__teams_history') }}
where is_current and not is_vanished

-- about: core.fct_opportunity
-- severity: warn
-- meaning: deals closed before they were created; they count as decided but enter no cycle
-- average
-- advice: correct their dates in the CRM
select opportunity_id, created_date, closed_date
from {{ batch }}
where has_close_before_creation and not is_excluded and is_last_episode

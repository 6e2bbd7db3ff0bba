-- about: staging.stg_hr__positions
-- severity: warn
-- meaning: teams that HR names and the CRM does not have; their people count for the team of
-- their CRM user, or for none
-- advice: map HR's teams to the ids that the CRM has for them, or land them as teams of the
-- CRM
select team_id, count(distinct worker_id) as workers
from {{ batch }}
where
    team_id not in (select team_id from warehouse.staging.stg_crm__teams_history where is_current)
    and exists (select 1 from warehouse.staging.stg_crm__teams_history)
group by team_id

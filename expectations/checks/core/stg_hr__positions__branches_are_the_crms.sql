-- about: staging.stg_hr__positions
-- severity: warn
-- meaning: branches that HR names and the CRM does not have; their people count for the
-- branch of their CRM user, or for none
-- advice: map HR's branches to the ids that the CRM has for them, or land them as branches
-- of the CRM
select branch_id, count(distinct worker_id) as workers
from {{ batch }}
where
    branch_id
    not in (select branch_id from warehouse.staging.stg_crm__branches_history where is_current)
    and exists (select 1 from warehouse.staging.stg_crm__branches_history)
group by branch_id

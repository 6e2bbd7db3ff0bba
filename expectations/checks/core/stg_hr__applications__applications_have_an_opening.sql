-- about: staging.stg_hr__applications
-- severity: warn
-- meaning: statuses of applications without an opening that is known; they count for no team
-- advice: name the opening in the applicant tracking system, or land it in requisitions
select application_status, count(*) as applications
from {{ batch }} as applications
left join warehouse.staging.stg_hr__requisitions as requisitions using (requisition_id)
where
    requisitions.requisition_id is null
    and exists (select * from warehouse.staging.stg_hr__requisitions)
group by application_status

-- about: staging.stg_payroll__commission_plans
-- severity: warn
-- meaning: plans that nobody is on
-- advice: assign the plan, or take it out of the extract
select distinct plan_id
from {{ batch }}
where plan_id not in (select plan_id from warehouse.staging.stg_payroll__plan_assignments)

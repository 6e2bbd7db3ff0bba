-- about: staging.stg_payroll__plan_assignments
-- severity: warn
-- meaning: plans that people are on and that no extract has
-- advice: add the plan to the extract of commission_plans
select plan_id, count(*) as assignments
from {{ batch }}
where plan_id not in (select plan_id from warehouse.staging.stg_payroll__commission_plans)
group by plan_id

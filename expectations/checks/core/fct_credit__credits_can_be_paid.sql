-- about: restricted.fct_credit
-- severity: warn
-- meaning: reasons for which credits of deals earn nothing
-- advice: find them in fct_credit of published/restricted.duckdb; docs/reference/commission.md
-- explains each
select problem, count(*) as credits
from {{ batch }}
where
    problem not in ('no_plan', 'no_employee', 'taken_back', 'unknown_seller')
    and exists (select * from warehouse.staging.stg_payroll__commission_plans)
group by problem

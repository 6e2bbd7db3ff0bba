-- about: restricted.mart_commission_reconciliation
-- severity: warn
-- meaning: kind of commission that cannot be reconciled: it was paid before any plan for its
-- reps is known
-- advice: land commission_plans, rate_tiers and plan_assignments from when on they held
-- note: Whose pay is wrong stands in the mart, which only its owner can read; here are counts.
select status, count(*) as payments, count(distinct person_id) as reps
from {{ batch }}
where status = 'no_plan'
group by status

-- about: staging.stg_payroll__opportunity_splits
-- severity: warn
-- meaning: deals whose shares do not add up to 1
-- advice: correct the shares of the deal
select opportunity_id, sum(split_share) as shares
from {{ batch }}
group by opportunity_id
-- A share has six decimals, so thirds are up to half of the last one off.
having abs(sum(split_share) - 1) > 0.0000005 * count(*)

-- about: restricted.fct_commission
-- severity: warn
-- meaning: plans whose tiers, caps, incentives or draws lack something: no_quota is paid at
-- the first tier's rate
-- advice: land the missing quotas in quotas of the CRM, or rates in fx_rates
select problem, plan_id, count(*) as rows
from {{ batch }}
where problem is not null
group by problem, plan_id

-- about: core.fct_quota
-- severity: warn
-- meaning: targets with a problem: of those of an overlap or of one second only the last
-- counts, others do not count
-- advice: correct them in the source, or land the missing rates in fx_rates
select quota_id, member_id, period_start, currency_code, problem
from {{ batch }}
where problem is not null

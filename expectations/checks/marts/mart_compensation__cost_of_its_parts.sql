-- about: marts.mart_compensation
-- severity: block
-- meaning: rows whose cost_of_sales is not fixed_value + variable_value +
-- employer_cost_value
-- advice: this is a defect of the mart; report it with these rows
-- note: A row is named by its grain, never by its pay.
select basis, period_grain, period_start, level, member_id
from {{ batch }}
where cost_of_sales is distinct from fixed_value + variable_value + employer_cost_value

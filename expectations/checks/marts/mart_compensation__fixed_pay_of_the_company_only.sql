-- about: marts.mart_compensation
-- severity: block
-- meaning: rows that show fixed pay of a part of the company, or do not say how it is
-- rounded
-- advice: this is a defect of the mart; report it with these rows
-- note: A row is named by its grain, never by its pay.
select basis, period_grain, period_start, level, member_id
from {{ batch }}
where fixed_value is not null and (level <> 'company' or rounded_to is null)

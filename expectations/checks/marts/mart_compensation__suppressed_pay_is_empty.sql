-- about: marts.mart_compensation
-- severity: block
-- meaning: rows that show what is suppressed, or leave out what is not
-- advice: this is a defect of the mart; report it with these rows
-- note: A row is named by its grain, never by its pay.
select basis, period_grain, period_start, level, member_id
from {{ batch }}
where
    is_suppressed <> (suppression_reason is not null)
    or (fixed_value is null) <> is_suppressed
    or (employer_cost_value is null) <> is_suppressed
    or (variable_value is null) <> (coalesce(suppression_reason, 'turnover') <> 'turnover')

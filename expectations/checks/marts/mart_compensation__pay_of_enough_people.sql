-- about: marts.mart_compensation
-- severity: block
-- meaning: rows that show the pay of fewer people than minimum_group_size
-- advice: this is a defect of the mart; report it with these rows
-- note: A row is named by its grain, never by its pay.
select basis, period_grain, period_start, level, member_id
from {{ batch }}
where
    coalesce(
        fixed_value, variable_value, employer_cost_value, cost_of_sales, effective_commission_rate
    )
    is not null
    and (
        level = 'rep'
        or people < (select coalesce(max(minimum_group_size), 5) from raw.company.settings)
    )

-- about: marts.mart_compensation
-- severity: block
-- meaning: rows whose effective_commission_rate is not variable_value / won_value
-- advice: this is a defect of the mart; report it with these rows
-- note: A row is named by its grain, never by its pay.
select basis, period_grain, period_start, level, member_id
from {{ batch }}
where
    case
        when variable_value is null or won_value = 0
        then effective_commission_rate is not null
        else
            effective_commission_rate is null
            -- A rate has some sixteen digits, and a company's year in rials has as many.
            or abs(effective_commission_rate * won_value - variable_value)
            > greatest(0.01, 1e-9 * abs(variable_value))
    end

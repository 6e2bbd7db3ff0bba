-- about: marts.mart_sales_cycle
-- severity: block
-- meaning: rows with negative cycles, a median above the 90th percentile or too many active
-- days
-- advice: this is a defect of the mart; report it with these rows
select basis, period_grain, period_start, level, member_id
from {{ batch }}
where
    least(
        mean_cycle_days,
        median_cycle_days,
        mean_active_days,
        mean_lost_cycle_days,
        median_lost_cycle_days
    )
    < 0
    or median_cycle_days > p90_cycle_days
    or mean_active_days > mean_cycle_days

-- about: marts.mart_sales_cycle
-- severity: block
-- meaning: rows with negative cycles, a median above the 90th percentile or more active days
-- than days of cycles
-- advice: this is a defect of the mart; report it with these rows
-- note: Sums are compared, not means: a reopened deal without active days is in one mean only.
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
    or won_active_days > won_cycle_days
    or timed_active_deals > timed_won_deals

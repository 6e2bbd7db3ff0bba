-- about: core.fct_quota
-- severity: warn
-- meaning: managers whose targets look like those of their reps added up; team and company
-- count both
-- advice: where a target rolls up those below, have the mapping give it the quota_kind
-- roll_up
with
    targets as (
        select member_id, period_grain, period_start, sum(quota_value) as target
        from {{ batch }}
        where level = 'rep' and is_in_force and quota_kind = 'full'
        group by member_id, period_grain, period_start
    ),
    below as (
        select reps.manager_id, period_grain, period_start, sum(target) as target
        from targets
        inner join
            warehouse.core.dim_sales_rep as reps
            on member_id = reps.sales_rep_id
            and period_start >= reps.valid_from_date
            and period_start < reps.valid_to_date
        where reps.manager_id is not null and reps.manager_id <> member_id
        group by reps.manager_id, period_grain, period_start
    )
select targets.member_id, min(targets.period_start) as first_period, count(*) as periods
from targets
inner join
    below
    on targets.member_id = below.manager_id
    and targets.period_grain = below.period_grain
    and targets.period_start = below.period_start
where below.target > 0 and targets.target between below.target * 0.9 and below.target * 1.1
group by targets.member_id

-- about: staging.stg_payroll__rate_tiers
-- severity: warn
-- meaning: tiers that do not end where the next one begins
-- advice: let each tier end where the next one begins, and leave the end of the last one
-- empty
with
    ordered as (
        select
            *,
            lead(tier_from) over (
                partition by plan_id, plan_version order by tier_from
            ) as next_from
        from {{ batch }}
    )
select plan_id, plan_version, tier_from, tier_to
from ordered
where tier_to is distinct from next_from

with

    -- A tier ends where the next one begins, also where the plan has them overlap.
    tiers as (

        select
            plan_id,
            plan_version,
            cast(row_number() over version_tiers as bigint) as tier_number,
            tier_from,
            least(
                coalesce(tier_to, lead(tier_from) over version_tiers),
                coalesce(lead(tier_from) over version_tiers, tier_to)
            ) as tier_to,
            rate

        from {{ ref('stg_payroll__rate_tiers') }}
        window version_tiers as (partition by plan_id, plan_version order by tier_from)

    )

select
    {{ surrogate_key('plan_id', ['plan_version', 'tier_number']) }} as rate_tier_key,
    plan_id,
    plan_version,
    tier_number,
    tier_from,
    tier_to,
    rate

from tiers

with

    limited_wins as (

        select
            wins.credit_id,
            wins.plan_version,
            wins.is_in_force,
            wins.tier_method,
            wins.credit_value,
            wins.value_before,
            wins.value_after,
            wins.period_value,
            wins.has_limits,
            tiers.tier_number,
            tiers.tier_from,
            tiers.tier_to,
            tiers.rate,
            {%- for limit in ['tier_from', 'tier_to'] %}
                case
                    wins.tier_basis
                    when 'attainment'
                    then
                        cast(
                            cast(wins.quota_value as decimal(19, 2))
                            * tiers.{{ limit }} as decimal(28, 8)
                        )
                    else
                        cast(
                            cast(tiers.{{ limit }} as decimal(19, 6))
                            * wins.plan_exchange_rate as decimal(28, 8)
                        )
                end as {{ limit }}_value{{ ',' if not loop.last }}
            {%- endfor %}

        from {{ ref('int_commission_wins') }} as wins
        inner join
            {{ ref('dim_rate_tier') }} as tiers
            on wins.plan_id = tiers.plan_id
            and wins.plan_version = tiers.plan_version

    ),

    rated_wins as (

        select
            *,
            case
                when not has_limits and tier_number = 1
                then credit_value
                when not has_limits
                then 0
                when
                    tier_method = 'retroactive'
                    and period_value >= tier_from_value
                    and (tier_to_value is null or period_value < tier_to_value)
                then credit_value
                when tier_method = 'retroactive'
                then 0
                else
                    greatest(
                        least(value_after, coalesce(tier_to_value, value_after)),
                        tier_from_value
                    ) - greatest(
                        least(value_before, coalesce(tier_to_value, value_before)), tier_from_value
                    )
            end as value_in_tier

        from limited_wins

    )

-- Only tiers that a win touches: the others earn nothing by it.
select
    credit_id,
    plan_version,
    is_in_force,
    tier_number,
    tier_from,
    tier_to,
    tier_from_value,
    tier_to_value,
    rate,
    cast(value_in_tier as decimal(28, 8)) as value_in_tier

from rated_wins
where value_in_tier <> 0

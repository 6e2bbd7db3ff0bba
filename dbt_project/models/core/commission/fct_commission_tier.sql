with

    -- Sums that grow from tier to tier are rounded, not their parts: so the cents of a credit's
    -- tiers add up to those of the credit.
    growing_sums as (

        select
            *,
            cast(sum(value_in_tier) over credit_tiers as decimal(18, 2)) as value_up_to_tier,
            cast(
                sum(value_in_tier * rate) over credit_tiers as decimal(18, 2)
            ) as commission_up_to_tier

        from {{ ref('int_commission_tiers') }}
        where is_in_force
        window
            credit_tiers as (
                partition by credit_id
                order by tier_number
                rows between unbounded preceding and current row
            )

    ),

    rounded_tiers as (

        select
            *,
            {%- for what in ['value', 'commission'] %}
                {{ what }}_up_to_tier - coalesce(
                    lag({{ what }}_up_to_tier) over (partition by credit_id order by tier_number), 0
                ) as {{ what }}_of_tier{{ ',' if not loop.last }}
            {%- endfor %}

        from growing_sums

    )

select
    wins.credit_id || '#' || cast(tiers.tier_number as string) as commission_tier_key,
    wins.credit_id,
    wins.opportunity_id,
    wins.episode,
    wins.sales_rep_id,
    wins.person_id,
    wins.plan_id,
    wins.plan_version,
    wins.plan_period_grain,
    wins.plan_period_start,
    wins.plan_period_end,
    wins.won_date,
    wins.credit_value,
    wins.quota_value,
    wins.value_before,
    wins.value_after,
    tiers.tier_number,
    tiers.tier_from,
    tiers.tier_to,
    cast(tiers.tier_from_value as decimal(18, 2)) as tier_from_value,
    cast(tiers.tier_to_value as decimal(18, 2)) as tier_to_value,
    tiers.rate,
    cast(tiers.value_of_tier as decimal(18, 2)) as value_in_tier,
    cast(tiers.commission_of_tier as decimal(18, 2)) as commission_value

from rounded_tiers as tiers
inner join
    {{ ref('int_commission_wins') }} as wins
    on tiers.credit_id = wins.credit_id
    and tiers.plan_version = wins.plan_version

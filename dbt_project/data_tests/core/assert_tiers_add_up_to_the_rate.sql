{#
    Fails for each credit whose tiers do not add up to the cent to what it earns by rate. If it fails,
    tiers are rounded apart from each other, or one is counted twice: look at fct_commission_tier.
#}
with

    tiers as (

        select credit_id, sum(commission_value) as commission_value

        from {{ ref('fct_commission_tier') }}
        group by credit_id

    ),

    rates as (

        select credit_id, commission_value from {{ ref('fct_commission') }} where rule = 'rate'

    )

select
    coalesce(rates.credit_id, tiers.credit_id) as credit_id,
    rates.commission_value as rate_value,
    tiers.commission_value as tiers_value

from rates
full outer join tiers on rates.credit_id = tiers.credit_id
where rates.credit_id is null or rates.commission_value <> coalesce(tiers.commission_value, 0)

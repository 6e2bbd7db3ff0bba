with

    rate_earnings as (

        select
            credit_id, plan_version, cast(sum(value_in_tier * rate) as decimal(18, 2)) as rate_value

        from {{ ref('int_commission_tiers') }}
        group by credit_id, plan_version

    ),

    -- An incentive counts for deals, whatever the version of the plan.
    spif_earnings as (

        select
            wins.credit_id,
            cast(
                sum(
                    {{ shared_pay('spifs.spif_amount', 'wins.split_share', 'rates.exchange_rate') }}
                ) as decimal(18, 2)
            ) as spif_value,
            max(case when rates.exchange_rate is null then 'no_exchange_rate' end) as problem

        from {{ ref('fct_credit') }} as wins
        inner join
            {{ ref('dim_spif') }} as spifs
            on wins.won_date >= spifs.valid_from_date
            and wins.won_date < spifs.valid_to_date
            and (spifs.plan_id is null or wins.plan_id = spifs.plan_id)
            and (spifs.product_id is null or wins.product_id = spifs.product_id)
            and wins.opportunity_value >= coalesce(spifs.minimum_value, 0)
        left join
            {{ ref('int_fx_rates_daily') }} as rates
            on spifs.currency_code = rates.currency_code
            and wins.won_date = rates.rate_date
        where wins.credit_kind = 'win' and wins.problem is null
        group by wins.credit_id

    )

select
    wins.credit_id,
    wins.opportunity_id,
    wins.episode,
    wins.sales_rep_id,
    wins.person_id,
    wins.plan_id,
    wins.plan_version,
    wins.is_in_force,
    wins.plan_period_grain,
    wins.plan_period_start,
    wins.plan_period_end,
    wins.won_date,
    wins.credit_value,
    wins.value_before,
    wins.period_value,
    wins.quota_value,
    coalesce(earnings.rate_value, 0) as rate_value,
    coalesce(spifs.spif_value, 0) as spif_value,
    wins.cap_value,
    coalesce(spifs.problem, wins.problem) as problem

from {{ ref('int_commission_wins') }} as wins
left join
    rate_earnings as earnings
    on wins.credit_id = earnings.credit_id
    and wins.plan_version = earnings.plan_version
left join spif_earnings as spifs on wins.credit_id = spifs.credit_id

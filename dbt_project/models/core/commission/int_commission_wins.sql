with

    wins as (select * from {{ ref('fct_credit') }} where credit_kind = 'win' and problem is null),

    -- Each win under each version of its plan: what was paid by the wrong one shows itself this
    -- way.
    versioned_wins as (

        select
            wins.credit_id,
            wins.opportunity_id,
            wins.episode,
            wins.sales_rep_id,
            wins.person_id,
            wins.product_id,
            wins.won_date,
            wins.opportunity_value,
            wins.split_share,
            wins.credit_value,
            plans.plan_id,
            plans.plan_version,
            wins.plan_version = plans.plan_version as is_in_force,
            plans.period_grain as plan_period_grain,
            plans.tier_basis,
            plans.tier_method,
            plans.cap_amount,
            plans.currency_code,
            {{ period_around('plans.period_grain', 'calendar', 'start') }} as plan_period_start,
            {{ period_around('plans.period_grain', 'calendar', 'end') }} as plan_period_end

        from wins
        inner join
            {{ ref('dim_compensation_plan') }} as plans
            on wins.plan_id = plans.plan_id
            and plans.tiers > 0
        inner join {{ ref('dim_date') }} as calendar on wins.won_date = calendar.date_day

    ),

    ordered_wins as (

        select
            *,
            cast(
                coalesce(
                    sum(credit_value) over (
                        partition by person_id, plan_id, plan_version, plan_period_start
                        order by won_date, opportunity_id, episode, sales_rep_id
                        rows between unbounded preceding and 1 preceding
                    ),
                    0
                ) as decimal(22, 6)
            ) as value_before,
            cast(
                sum(credit_value) over (
                    partition by person_id, plan_id, plan_version, plan_period_start
                ) as decimal(22, 6)
            ) as period_value

        from versioned_wins

    ),

    -- Somebody with several users in the CRM sells under all of them, and has the quotas of all
    -- of them.
    person_quotas as (

        select
            people.person_id,
            quotas.period_grain,
            quotas.period_start,
            -- A quota of 0 leaves no attainment either.
            nullif(cast(sum(quotas.quota_value) as decimal(18, 2)), 0) as quota_value

        from {{ ref('int_rep_quotas_by_period') }} as quotas
        inner join
            {{ ref('bridge_person') }} as people
            on people.system_name = 'crm'
            and quotas.sales_rep_id = people.system_person_id
        group by people.person_id, quotas.period_grain, quotas.period_start

    )

select
    wins.credit_id,
    wins.opportunity_id,
    wins.episode,
    wins.sales_rep_id,
    wins.person_id,
    wins.product_id,
    wins.won_date,
    wins.opportunity_value,
    wins.split_share,
    wins.credit_value,
    wins.plan_id,
    wins.plan_version,
    wins.is_in_force,
    wins.plan_period_grain,
    wins.plan_period_start,
    wins.plan_period_end,
    wins.tier_basis,
    wins.tier_method,
    wins.value_before,
    cast(wins.value_before + wins.credit_value as decimal(22, 6)) as value_after,
    wins.period_value,
    quotas.quota_value,
    rates.exchange_rate as plan_exchange_rate,
    case
        wins.tier_basis
        when 'attainment'
        then quotas.quota_value is not null
        else rates.exchange_rate is not null
    end as has_limits,
    cast(
        {{ converted_pay('wins.cap_amount', 'rates.exchange_rate') }} as decimal(18, 2)
    ) as cap_value,
    case
        when wins.tier_basis = 'attainment' and quotas.quota_value is null
        then 'no_quota'
        when rates.exchange_rate is null
        then 'no_exchange_rate'
    end as problem

from ordered_wins as wins
left join
    person_quotas as quotas
    on wins.person_id = quotas.person_id
    and wins.plan_period_grain = quotas.period_grain
    and wins.plan_period_start = quotas.period_start
left join
    {{ ref('int_fx_rates_daily') }} as rates
    on wins.currency_code = rates.currency_code
    and wins.plan_period_start = rates.rate_date

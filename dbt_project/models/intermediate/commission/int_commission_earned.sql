-- noqa: disable=LT02,LT05,ST06
with

wins as (

    select *

    from {{ ref('fct_credit') }}
    where
        credit_kind = 'win'
        and problem is null

),

-- Each win under each version of its plan: what was paid by the wrong one shows itself this way.
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
        plans.period_grain,
        plans.tier_basis,
        plans.tier_method,
        plans.cap_amount,
        plans.currency_code,
        {{ period_around('plans.period_grain', 'calendar', 'start') }} as plan_period_start,
        {{ period_around('plans.period_grain', 'calendar', 'end') }} as plan_period_end

    from wins
    inner join {{ ref('dim_compensation_plan') }} as plans
        on
            wins.plan_id = plans.plan_id
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
                ), 0
            ) as decimal(18, 2)
        ) as value_before,
        cast(
            sum(credit_value) over (
                partition by person_id, plan_id, plan_version, plan_period_start
            ) as decimal(18, 2)
        ) as period_value

    from versioned_wins

),

-- Somebody with several users in the CRM sells under all of them, and has the quotas of all of them.
person_quotas as (

    select
        people.person_id,
        quotas.period_grain,
        quotas.period_start,
        cast(sum(quotas.quota_value) as decimal(18, 2)) as quota_value

    from {{ ref('int_rep_quotas_by_period') }} as quotas
    inner join {{ ref('bridge_person') }} as people
        on
            people.system_name = 'crm'
            and quotas.sales_rep_id = people.system_person_id
    group by
        people.person_id,
        quotas.period_grain,
        quotas.period_start

),

-- A quota of 0 leaves no attainment either.
measured_wins as (

    select
        wins.*,
        wins.value_before + wins.credit_value as value_after,
        nullif(quotas.quota_value, 0) as quota_value,
        rates.exchange_rate as plan_exchange_rate,
        case wins.tier_basis
            when 'attainment' then nullif(quotas.quota_value, 0) is not null
            else rates.exchange_rate is not null
        end as has_limits

    from ordered_wins as wins
    left join person_quotas as quotas
        on
            wins.person_id = quotas.person_id
            and wins.period_grain = quotas.period_grain
            and wins.plan_period_start = quotas.period_start
    left join {{ ref('int_fx_rates_daily') }} as rates
        on
            wins.currency_code = rates.currency_code
            and wins.plan_period_start = rates.rate_date

),

-- A tier ends where the next one begins, also where the plan has them overlap.
tiers as (

    select
        plan_id,
        plan_version,
        tier_from,
        least(
            coalesce(tier_to, lead(tier_from) over version_tiers),
            coalesce(lead(tier_from) over version_tiers, tier_to)
        ) as tier_to,
        row_number() over version_tiers = 1 as is_first,
        rate

    from {{ ref('stg_payroll__rate_tiers') }}
    window version_tiers as (partition by plan_id, plan_version order by tier_from)

),

limited_wins as (

    select
        wins.*,
        tiers.rate,
        tiers.is_first,
        {%- for limit in ['tier_from', 'tier_to'] %}
        case wins.tier_basis
            when 'attainment'
                then cast(cast(wins.quota_value as decimal(19, 2)) * tiers.{{ limit }} as decimal(28, 8))
            else cast(cast(tiers.{{ limit }} as decimal(19, 6)) * wins.plan_exchange_rate as decimal(28, 8))
        end as {{ limit }}_value{{ ',' if not loop.last }}
        {%- endfor %}

    from measured_wins as wins
    inner join tiers
        on
            wins.plan_id = tiers.plan_id
            and wins.plan_version = tiers.plan_version

),

rated_wins as (

    select
        *,
        case
            when not has_limits and is_first then credit_value
            when not has_limits then 0
            when
                tier_method = 'retroactive'
                and period_value >= tier_from_value
                and (tier_to_value is null or period_value < tier_to_value)
                then credit_value
            when tier_method = 'retroactive' then 0
            else
                greatest(least(value_after, coalesce(tier_to_value, value_after)), tier_from_value)
                - greatest(least(value_before, coalesce(tier_to_value, value_before)), tier_from_value)
        end as value_in_tier

    from limited_wins

),

rate_earnings as (

    select
        credit_id,
        plan_version,
        cast(sum(cast(value_in_tier as decimal(28, 8)) * rate) as decimal(18, 2)) as rate_value

    from rated_wins
    group by
        credit_id,
        plan_version

),

-- An incentive counts for deals, whatever the version of the plan.
spif_earnings as (

    select
        wins.credit_id,
        cast(
            sum({{ shared_and_converted('spifs.spif_amount', 'wins.split_share', 'rates.exchange_rate') }})
            as decimal(18, 2)
        ) as spif_value,
        max(case when rates.exchange_rate is null then 'no_exchange_rate' end) as problem

    from wins
    cross join {{ ref('stg_company__settings') }} as settings
    inner join {{ ref('stg_payroll__spifs') }} as spifs
        on
            wins.won_date >= spifs.effective_from
            and wins.won_date < coalesce(spifs.effective_to, {{ open_end_date() }})
            and (spifs.plan_id is null or wins.plan_id = spifs.plan_id)
            and (spifs.product_id is null or wins.product_id = spifs.product_id)
            and wins.opportunity_value >= coalesce(spifs.minimum_value, 0)
    left join {{ ref('int_fx_rates_daily') }} as rates
        on
            coalesce(spifs.currency_code, settings.reporting_currency) = rates.currency_code
            and wins.won_date = rates.rate_date
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
    wins.period_grain as plan_period_grain,
    wins.plan_period_start,
    wins.plan_period_end,
    wins.won_date,
    wins.credit_value,
    wins.value_before,
    wins.period_value,
    wins.quota_value,
    earnings.rate_value,
    coalesce(spifs.spif_value, 0) as spif_value,
    {{ converted('wins.cap_amount', 'wins.plan_exchange_rate') }} as cap_value,
    case
        when spifs.problem is not null then spifs.problem
        when wins.tier_basis = 'attainment' and wins.quota_value is null then 'no_quota'
        when wins.plan_exchange_rate is null then 'no_exchange_rate'
    end as problem

from measured_wins as wins
inner join rate_earnings as earnings
    on
        wins.credit_id = earnings.credit_id
        and wins.plan_version = earnings.plan_version
left join spif_earnings as spifs on wins.credit_id = spifs.credit_id

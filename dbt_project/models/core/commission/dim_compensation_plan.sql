with

    plans as (

        select *, {{ effective_to_date('plan_id', tie_breaker='plan_version') }} as valid_to_date

        from {{ ref('stg_payroll__commission_plans') }}

    ),

    tiers as (

        select
            plan_id,
            plan_version,
            cast(count(*) as bigint) as tiers,
            min(rate) as lowest_rate,
            max(rate) as highest_rate

        from {{ ref('stg_payroll__rate_tiers') }}
        group by plan_id, plan_version

    )

select
    {{ surrogate_key('plans.plan_id', ['plans.plan_version']) }} as compensation_plan_key,
    plans.plan_id,
    plans.plan_version,
    plans.plan_name,
    plans.period_grain,
    plans.tier_basis,
    plans.tier_method,
    coalesce(tiers.tiers, 0) as tiers,
    tiers.lowest_rate,
    tiers.highest_rate,
    plans.cap_amount,
    plans.clawback_days,
    coalesce(plans.currency_code, settings.reporting_currency) as currency_code,
    plans.effective_from as valid_from_date,
    plans.valid_to_date

from plans
cross join {{ ref('stg_company__settings') }} as settings
left join tiers on plans.plan_id = tiers.plan_id and plans.plan_version = tiers.plan_version

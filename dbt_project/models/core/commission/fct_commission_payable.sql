with

    -- What was earned by rate is shown tier by tier; what touched no tier earned nothing and is
    -- reported once.
    earned as (

        select
            rows_of_rules.commission_key
            || coalesce('#' || cast(tiers.tier_number as string), '') as statement_key,
            rows_of_rules.person_id,
            rows_of_rules.opportunity_id,
            rows_of_rules.rule,
            rows_of_rules.credit_id,
            cast(null as string) as adjustment_id,
            rows_of_rules.plan_id,
            rows_of_rules.plan_version,
            rows_of_rules.plan_period_grain,
            rows_of_rules.plan_period_start,
            rows_of_rules.plan_period_end,
            tiers.tier_number,
            tiers.tier_from,
            tiers.tier_to,
            tiers.rate,
            tiers.value_in_tier,
            rows_of_rules.earned_date,
            due.pay_period_start,
            due.pay_period_end,
            due.due_on,
            coalesce(tiers.commission_value, rows_of_rules.commission_value) as commission_value,
            rows_of_rules.problem

        from {{ ref('fct_commission') }} as rows_of_rules
        left join
            {{ ref('fct_commission_tier') }} as tiers
            on rows_of_rules.rule = 'rate'
            and rows_of_rules.credit_id = tiers.credit_id
        left join
            {{ ref('int_commission_due_dates') }} as due
            on rows_of_rules.person_id = due.person_id
            and rows_of_rules.plan_period_end = due.plan_period_end

    ),

    approved as (

        select
            adjustment_id || '#adjustment' as statement_key,
            person_id,
            opportunity_id,
            'adjustment' as rule,
            cast(null as string) as credit_id,
            adjustment_id,
            cast(null as string) as plan_id,
            cast(null as bigint) as plan_version,
            cast(null as string) as plan_period_grain,
            cast(null as date) as plan_period_start,
            cast(null as date) as plan_period_end,
            cast(null as bigint) as tier_number,
            cast(null as decimal(18, 6)) as tier_from,
            cast(null as decimal(18, 6)) as tier_to,
            cast(null as decimal(9, 6)) as rate,
            cast(null as decimal(18, 2)) as value_in_tier,
            approved_on as earned_date,
            pay_period_start,
            pay_period_end,
            due_on,
            cast(coalesce(adjustment_value, 0) as decimal(18, 2)) as commission_value,
            case when adjustment_value is null then 'no_exchange_rate' end as problem

        from {{ ref('int_commission_approved') }}

    )

select *
from earned
union all
select *
from approved

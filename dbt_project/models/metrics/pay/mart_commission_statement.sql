with

    deals as (

        select opportunity_id, opportunity_name

        from {{ ref('fct_opportunity') }}
        where is_last_episode

    )

select
    entries.statement_key,
    entries.person_id,
    people.person_name,
    people.sales_rep_id,
    entries.pay_period_start,
    entries.pay_period_end,
    entries.due_on,
    entries.opportunity_id,
    deals.opportunity_name,
    entries.rule,
    entries.earned_date,
    entries.plan_id,
    plans.plan_name,
    entries.plan_version,
    entries.plan_period_start,
    entries.plan_period_end,
    entries.tier_number,
    entries.tier_from,
    entries.tier_to,
    entries.rate,
    entries.value_in_tier,
    cast(entries.commission_value as decimal(18, 2)) as commission_value,
    entries.problem,
    entries.credit_id,
    entries.adjustment_id,
    pay_months.month_label as period_label,
    plan_periods.period_label as plan_period_label

from {{ ref('fct_commission_payable') }} as entries
left join {{ ref('dim_person') }} as people on entries.person_id = people.person_id
left join
    {{ ref('dim_compensation_plan') }} as plans
    on entries.plan_id = plans.plan_id
    and entries.plan_version = plans.plan_version
left join deals on entries.opportunity_id = deals.opportunity_id
left join {{ ref('dim_date') }} as pay_months on entries.pay_period_start = pay_months.date_day
left join
    {{ ref('dim_period') }} as plan_periods
    on entries.plan_period_grain = plan_periods.period_grain
    and entries.plan_period_start = plan_periods.period_start

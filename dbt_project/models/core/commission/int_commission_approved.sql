with

    approved_adjustments as (

        select adjustments.*, cast(null as date) as plan_period_start, rhythms.pay_rhythm

        from {{ ref('int_commission_adjustments') }} as adjustments
        left join
            {{ ref('int_commission_pay_rhythms') }} as rhythms
            on adjustments.person_id = rhythms.person_id

    ),

    approval_days as (select distinct pay_rhythm, approved_on from approved_adjustments),

    -- What was approved is due with the next regular run.
    ranked_runs as (

        select
            approval_days.approved_on,
            runs.*,
            row_number() over (
                partition by approval_days.pay_rhythm, approval_days.approved_on
                order by runs.paid_on, runs.pay_period_start, runs.pay_run_id
            ) as rank

        from approval_days
        inner join
            {{ ref('int_commission_pay_runs') }} as runs
            on approval_days.pay_rhythm = runs.pay_rhythm
            and approval_days.approved_on <= runs.paid_on

    ),

    -- At the rate of the credit's date, as what was paid for it.
    valued_adjustments as (

        select
            adjustments.adjustment_id,
            {{ reconciled_unit('adjustments') }} as unit_key,
            adjustments.person_id,
            adjustments.opportunity_id,
            adjustments.approved_on,
            {{ converted_pay(
            'adjustments.adjustment_amount',
            'coalesce(rates.exchange_rate, approval_rates.exchange_rate)',
        ) }} as exact_value,
            runs.pay_run_id,
            runs.pay_period_start,
            runs.pay_period_end,
            runs.paid_on as due_on

        from approved_adjustments as adjustments
        left join
            ranked_runs as runs
            on adjustments.pay_rhythm = runs.pay_rhythm
            and adjustments.approved_on = runs.approved_on
            and runs.rank = 1
        left join
            {{ ref('int_commission_credited') }} as credits
            on {{ reconciled_unit('adjustments') }} = credits.unit_key
        left join
            {{ ref('int_fx_rates_daily') }} as rates
            on adjustments.currency_code = rates.currency_code
            and coalesce(credits.paid_as_of_date, adjustments.approved_on) = rates.rate_date
        left join
            {{ ref('int_fx_rates_daily') }} as approval_rates
            on adjustments.currency_code = approval_rates.currency_code
            and adjustments.approved_on = approval_rates.rate_date

    ),

    -- Sums that grow are rounded, not their parts: so the cents of what was approved for a deal
    -- add up to it.
    growing_sums as (

        select
            *,
            cast(
                coalesce(sum(exact_value) over up_to_each, 0) as decimal(18, 2)
            ) as value_up_to_each,
            cast(
                coalesce(sum(exact_value) over before_each, 0) as decimal(18, 2)
            ) as value_before_each

        from valued_adjustments
        window
            up_to_each as (
                partition by unit_key, due_on is null
                order by approved_on, adjustment_id
                rows between unbounded preceding and current row
            ),
            before_each as (
                partition by unit_key, due_on is null
                order by approved_on, adjustment_id
                rows between unbounded preceding and 1 preceding
            )

    )

select
    adjustment_id,
    unit_key,
    person_id,
    opportunity_id,
    approved_on,
    cast(
        case when exact_value is not null then value_up_to_each - value_before_each end as decimal(
            18, 2
        )
    ) as adjustment_value,
    pay_run_id,
    pay_period_start,
    pay_period_end,
    due_on

from growing_sums

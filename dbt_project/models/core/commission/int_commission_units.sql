with

    commission as (

        select
            rows_of_rules.*,
            {{ reconciled_unit('rows_of_rules') }} as unit_key,
            due.due_on,
            due.due_on is not null as is_due

        from {{ ref('fct_commission') }} as rows_of_rules
        left join
            {{ ref('int_commission_due_dates') }} as due
            on rows_of_rules.person_id = due.person_id
            and rows_of_rules.plan_period_end = due.plan_period_end

    ),

    calculated as (

        select
            unit_key,
            max(person_id) as person_id,
            max(sales_rep_id) as sales_rep_id,
            max(opportunity_id) as opportunity_id,
            max(case when opportunity_id is null then plan_period_start end) as plan_period_start,
            sum(case when is_due then commission_value else 0 end) as calculated_value,
            sum(case when is_due then 0 else commission_value end) as pending_value,
            max(case when is_due then 1 else 0 end) = 0 as is_pending,
            sum(
                case
                    when is_due and rule in ('clawback', 'reinstatement')
                    then commission_value
                    else 0
                end
            ) as clawback_value,
            count(*) as amounts,
            sum(case when rule = 'rate' then commission_value else 0 end) as rate_value,
            max(due_on) as due_on

        from commission
        group by unit_key

    ),

    approved as (

        select
            unit_key,
            max(person_id) as person_id,
            max(opportunity_id) as opportunity_id,
            sum(case when due_on is not null then adjustment_value else 0 end) as adjustment_value,
            sum(case when due_on is not null then 0 else adjustment_value end) as pending_value,
            max(case when due_on is not null then 1 else 0 end) = 0 as is_pending,
            max(due_on) as due_on

        from {{ ref('int_commission_approved') }}
        group by unit_key

    ),

    unit_keys as (

        select unit_key
        from calculated
        union distinct
        select unit_key
        from {{ ref('int_commission_paid_units') }}
        union distinct
        select unit_key
        from approved

    )

select
    unit_keys.unit_key,
    coalesce(calculated.person_id, paid.person_id, approved.person_id) as person_id,
    coalesce(calculated.sales_rep_id, credits.sales_rep_id, paid.sales_rep_id) as sales_rep_id,
    coalesce(
        calculated.opportunity_id, paid.opportunity_id, approved.opportunity_id
    ) as opportunity_id,
    coalesce(calculated.plan_period_start, paid.plan_period_start) as plan_period_start,
    credits.credit_date,
    credits.credit_value,
    credits.plan_id,
    credits.plan_version,
    credits.employment_problem,
    coalesce(calculated.calculated_value, 0) as calculated_value,
    coalesce(approved.adjustment_value, 0) as adjustment_value,
    coalesce(paid.paid_value, 0) as paid_value,
    coalesce(calculated.pending_value, 0) + coalesce(approved.pending_value, 0) as pending_value,
    coalesce(calculated.is_pending, true)
    and coalesce(approved.is_pending, true)
    and coalesce(calculated.unit_key, approved.unit_key) is not null as is_pending,
    coalesce(calculated.clawback_value, 0) as clawback_value,
    coalesce(calculated.rate_value, 0) as rate_value,
    coalesce(paid.has_unconverted_lines, false) as has_unconverted_lines,
    -- Each amount that was rounded to the cent may be half a cent off.
    greatest(
        coalesce(paid.rounding_value, 0.01),
        0.5 * coalesce(paid.rounding_of_lines, 0) + 0.005 * coalesce(calculated.amounts, 0)
    ) as rounding_value,
    coalesce(paid.repeated_value, 0) as repeated_value,
    paid.pay_run_ids,
    paid.pay_line_ids,
    paid.last_paid_on,
    greatest(calculated.due_on, approved.due_on) as due_on

from unit_keys
left join calculated on unit_keys.unit_key = calculated.unit_key
left join {{ ref('int_commission_paid_units') }} as paid on unit_keys.unit_key = paid.unit_key
left join approved on unit_keys.unit_key = approved.unit_key
left join {{ ref('int_commission_credited') }} as credits on unit_keys.unit_key = credits.unit_key

with

    compared as (

        select *, paid_value - adjustment_value - calculated_value as difference_value

        from {{ ref('fct_commission_comparison') }}

    ),

    first_versions as (

        select plan_id, min(valid_from_date) as valid_from_date

        from {{ ref('dim_compensation_plan') }}
        group by plan_id

    ),

    -- Payroll can tell that somebody was on a plan from before the first version of it that it
    -- tells.
    first_plans as (

        select
            assignments.person_id,
            min(greatest(assignments.valid_from_date, versions.valid_from_date)) as first_plan_date

        from {{ ref('fct_plan_assignment') }} as assignments
        inner join
            first_versions as versions
            on assignments.plan_id = versions.plan_id
            and assignments.valid_to_date > versions.valid_from_date
        group by assignments.person_id

    ),

    -- What was paid before the first plan that anybody reported of cannot be compared with one.
    -- A plan that has ended is no such case: whoever is still paid by it is paid too much.
    reconciled as (

        select
            compared.*,
            case
                when compared.is_pending
                then 'pending'
                when abs(compared.difference_value) <= compared.rounding_value
                then 'matched'
                when
                    abs(compared.difference_value - compared.pending_value)
                    <= compared.rounding_value
                then 'pending'
                when
                    compared.calculated_value = 0
                    and compared.adjustment_value = 0
                    and compared.employment_problem is null
                    and compared.person_id <> 'unknown'
                    and coalesce(
                        coalesce(compared.credit_date, compared.plan_period_start)
                        < first_plans.first_plan_date,
                        first_plans.first_plan_date is null
                    )
                then 'no_plan'
                else 'different'
            end as status

        from compared
        left join first_plans on compared.person_id = first_plans.person_id

    ),

    reasoned as (

        select
            *,
            case
                when status <> 'different'
                then null
                when
                    repeated_value <> 0 and abs(difference_value - repeated_value) <= rounding_value
                then 'duplicate'
                when difference_value > 0 and employment_problem is not null
                then employment_problem
                when clawback_value < 0 and abs(difference_value + clawback_value) <= rounding_value
                then 'clawback_due'
                when explaining_plan_version is not null
                then 'wrong_rate'
                when paid_value = 0 and not has_unconverted_lines and difference_value < 0
                then 'missing'
                when difference_value > 0
                then 'overpaid'
                else 'underpaid'
            end as reason

        from reconciled

    ),

    deals as (

        select opportunity_id, opportunity_name

        from {{ ref('fct_opportunity') }}
        where is_last_episode

    )

select
    reasoned.person_id,
    reasoned.sales_rep_id,
    reasoned.opportunity_id,
    reasoned.plan_period_start,
    reasoned.credit_date,
    cast(reasoned.credit_value as decimal(18, 2)) as credit_value,
    reasoned.plan_id,
    reasoned.plan_version,
    cast(reasoned.calculated_value as decimal(18, 2)) as calculated_value,
    cast(reasoned.adjustment_value as decimal(18, 2)) as adjustment_value,
    cast(reasoned.paid_value as decimal(18, 2)) as paid_value,
    cast(reasoned.pending_value as decimal(18, 2)) as pending_value,
    cast(
        case when reasoned.status <> 'no_plan' then reasoned.difference_value end as decimal(18, 2)
    ) as difference_value,
    reasoned.status,
    reasoned.reason,
    people.person_name,
    deals.opportunity_name,
    reasoned.pay_run_ids,
    reasoned.pay_line_ids,
    reasoned.last_paid_on,
    reasoned.due_on,
    case
        when reasoned.reason = 'wrong_rate' then reasoned.explaining_plan_version
    end as explaining_plan_version,
    case when reasoned.reason = 'wrong_rate' then reasoned.explaining_rate end as explaining_rate,
    months.month_label as period_label

from reasoned
left join {{ ref('dim_person') }} as people on reasoned.person_id = people.person_id
left join deals on reasoned.opportunity_id = deals.opportunity_id
left join
    {{ ref('dim_date') }} as months
    on coalesce(reasoned.credit_date, reasoned.plan_period_start) = months.date_day

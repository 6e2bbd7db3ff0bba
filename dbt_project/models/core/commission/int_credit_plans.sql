{{ config(materialized='view') }}

with

    people as (

        select
            accounts.system_person_id as sales_rep_id,
            accounts.person_id,
            accounts.person_key,
            people.employee_id

        from {{ ref('bridge_person') }} as accounts
        inner join {{ ref('dim_person') }} as people on accounts.person_id = people.person_id
        where accounts.system_name = 'crm'

    ),

    employments as (

        select person_id, min(valid_from_date) as first_day

        from {{ ref('int_employments') }}
        group by person_id

    ),

    planned_wins as (

        select
            wins.*,
            people.person_id,
            people.person_key,
            people.employee_id,
            assignments.plan_id,
            plans.plan_version,
            plans.period_grain,
            plans.clawback_days,
            case
                when people.person_id is null
                then 'unknown_seller'
                when wins.opportunity_value is null
                then 'no_value'
                when wins.won_date < employments.first_day
                then 'before_hire'
                when employments.person_id is not null and employments_then.person_id is null
                then 'after_exit'
                when people.employee_id is null
                then 'no_employee'
                when assignments.plan_id is null
                then 'no_plan'
                when plans.plan_id is null
                then 'no_version'
                when plans.tiers = 0
                then 'no_tiers'
            end as problem

        from {{ ref('int_credit_splits') }} as wins
        left join people on wins.sales_rep_id = people.sales_rep_id
        left join employments on people.person_id = employments.person_id
        left join
            {{ ref('int_employments') }} as employments_then
            on people.person_id = employments_then.person_id
            and wins.won_date >= employments_then.valid_from_date
            and wins.won_date < employments_then.valid_to_date
        left join
            {{ ref('int_plan_assignments_held') }} as assignments
            on people.person_id = assignments.person_id
            and wins.won_date >= assignments.valid_from_date
            and wins.won_date < assignments.valid_to_date
        left join
            {{ ref('dim_compensation_plan') }} as plans
            on assignments.plan_id = plans.plan_id
            and wins.won_date >= plans.valid_from_date
            and wins.won_date < plans.valid_to_date

    ),

    -- Accounts of one person in two systems can tell one employment twice.
    distinct_wins as (

        select
            *,
            row_number() over (
                partition by opportunity_id, episode, sales_rep_id order by plan_id
            ) as rank

        from planned_wins

    )

select
    opportunity_id,
    episode,
    sales_rep_id,
    person_id,
    person_key,
    employee_id,
    product_id,
    won_date,
    next_closed_date,
    is_won_next,
    won_again_date,
    opportunity_value,
    split_share,
    plan_id,
    plan_version,
    period_grain,
    clawback_days,
    problem

from distinct_wins
where rank = 1

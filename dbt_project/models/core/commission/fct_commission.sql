with

    draw_rows as (

        select
            cast(null as string) as credit_id,
            cast(null as string) as opportunity_id,
            cast(null as bigint) as episode,
            people.sales_rep_id,
            settled.person_id,
            cast(null as string) as plan_id,
            cast(null as bigint) as plan_version,
            case
                when not settled.is_recoverable and settled.draw_value > settled.earned_value
                then 'draw_grant'
                when settled.newly_owed_value > 0
                then 'draw_advance'
                else 'draw_recovery'
            end as rule,
            settled.period_grain as plan_period_grain,
            settled.period_start as plan_period_start,
            settled.period_end as plan_period_end,
            settled.period_end as earned_date,
            case
                when not settled.is_recoverable and settled.draw_value > settled.earned_value
                then settled.draw_value - settled.earned_value
                else settled.newly_owed_value
            end as commission_value,
            settled.problem

        from {{ ref('int_draws_settled') }} as settled
        inner join {{ ref('dim_person') }} as people on settled.person_id = people.person_id

    ),

    all_rows as (

        select *
        from {{ ref('int_commission_by_rule') }}
        union all
        select *
        from draw_rows
        where commission_value <> 0 or problem is not null

    )

select
    coalesce(
        credit_id, person_id || '#' || plan_period_grain || '#' || cast(plan_period_start as string)
    )
    || '#'
    || rule as commission_key,
    credit_id,
    opportunity_id,
    episode,
    sales_rep_id,
    person_id,
    plan_id,
    plan_version,
    rule,
    plan_period_grain,
    plan_period_start,
    plan_period_end,
    earned_date,
    cast(commission_value as decimal(18, 2)) as commission_value,
    problem

from all_rows

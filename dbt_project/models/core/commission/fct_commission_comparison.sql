with

    other_versions as (

        select
            {{ reconciled_unit('replays') }} as unit_key,
            max(replays.plan_id) as plan_id,
            replays.plan_version,
            cast(null as decimal(9, 6)) as rate,
            sum(replays.rate_value + replays.spif_value + replays.cap_taken_value) as other_value

        from {{ ref('int_commission_replayed') }} as replays
        where not replays.is_in_force
        group by {{ reconciled_unit('replays') }}, replays.plan_version

    ),

    rates_of_plans as (

        select
            units.unit_key,
            units.plan_id,
            tiers.plan_version,
            tiers.rate,
            units.rate_value,
            units.rounding_value,
            cast(
                cast(units.credit_value as decimal(22, 6)) * tiers.rate as decimal(18, 2)
            ) as other_value

        from {{ ref('int_commission_units') }} as units
        inner join {{ ref('dim_rate_tier') }} as tiers on units.plan_id = tiers.plan_id
        where units.paid_value <> 0

    ),

    -- The rate that was earned by is no other one: what is missing or too much is something else.
    other_rates as (

        select unit_key, plan_id, plan_version, rate, other_value

        from rates_of_plans
        where abs(other_value - rate_value) > rounding_value

    ),

    other_amounts as (

        select *
        from other_versions
        union all
        select *
        from other_rates

    ),

    -- A version explains all that was paid for the deal, a rate only what tiers gave: so versions
    -- come first, and of rates those of the version in force.
    explanations as (

        select
            units.unit_key,
            others.plan_version,
            others.rate,
            row_number() over (
                partition by units.unit_key
                order by
                    case when others.rate is null then 0 else 1 end asc,
                    case when others.plan_version = units.plan_version then 0 else 1 end asc,
                    others.plan_version desc,
                    others.rate asc
            ) as rank

        from {{ ref('int_commission_units') }} as units
        inner join
            other_amounts as others
            on units.unit_key = others.unit_key
            and abs(units.paid_value - units.adjustment_value - others.other_value)
            <= units.rounding_value
        where units.paid_value <> 0

    )

select
    units.unit_key,
    units.person_id,
    units.sales_rep_id,
    units.opportunity_id,
    units.plan_period_start,
    units.credit_date,
    cast(units.credit_value as decimal(22, 6)) as credit_value,
    units.plan_id,
    units.plan_version,
    units.employment_problem,
    cast(units.calculated_value as decimal(18, 2)) as calculated_value,
    cast(units.adjustment_value as decimal(18, 2)) as adjustment_value,
    units.paid_value,
    cast(units.pending_value as decimal(18, 2)) as pending_value,
    units.is_pending,
    cast(units.clawback_value as decimal(18, 2)) as clawback_value,
    cast(units.rate_value as decimal(18, 2)) as rate_value,
    units.has_unconverted_lines,
    cast(units.rounding_value as decimal(18, 3)) as rounding_value,
    cast(units.repeated_value as decimal(22, 6)) as repeated_value,
    units.pay_run_ids,
    units.pay_line_ids,
    units.last_paid_on,
    units.due_on,
    explanations.plan_version as explaining_plan_version,
    explanations.rate as explaining_rate

from {{ ref('int_commission_units') }} as units
left join explanations on units.unit_key = explanations.unit_key and explanations.rank = 1

-- Kaplan and Meier, 1958: who had not ramped when last seen counts for as long as they were seen.
with

    by_duration as (

        select
            period_grain,
            period_start,
            level,
            member_id,
            basis,
            observed_days,
            sum(reps) as reps,
            sum(case when is_ramped then reps else 0 end) as ramped_reps

        from {{ ref('int_ramp_durations') }}
        group by period_grain, period_start, level, member_id, basis, observed_days

    ),

    -- Whoever was last seen after so many days was still at risk on that day.
    at_risk as (

        select
            *,
            sum(reps) over (
                partition by period_grain, period_start, level, member_id, basis
                order by observed_days desc
                rows between unbounded preceding and current row
            ) as reps_at_risk

        from by_duration

    ),

    -- What is left of those at risk is a factor. Its logarithm is a decimal, because a sum of
    -- doubles depends on the order of its rows; it is empty where nobody is left.
    factors as (

        select *, {{ ratio('reps_at_risk - ramped_reps', 'reps_at_risk') }} as factor from at_risk

    ),

    logarithms as (

        select *, cast(ln(nullif(factor, 0)) as decimal(28, 18)) as log_factor from factors

    ),

    -- The survival is the product of the factors so far. No row comes after one where nobody is
    -- left.
    survivals as (

        select
            *,
            case
                when factor = 0 then 0 else exp(cast(sum(log_factor) over so_far as double))
            end as survival

        from logarithms
        window
            so_far as (
                partition by period_grain, period_start, level, member_id, basis
                order by observed_days
                rows between unbounded preceding and current row
            )

    )

select
    period_grain,
    period_start,
    level,
    member_id,
    basis,
    -- A product of fractions that is a half may miss it in the last digit.
    cast(
        min(case when survival <= 0.5 + 1e-9 then observed_days end) as double
    ) as median_days_to_ramp

from survivals
group by period_grain, period_start, level, member_id, basis

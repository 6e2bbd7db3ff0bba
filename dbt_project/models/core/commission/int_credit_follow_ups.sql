with

    followed_wins as (

        select
            *,
            case
                when
                    not is_won_next
                    and {{ days_between('won_date', 'next_closed_date') }} <= clawback_days
                then 'clawback'
                when won_again_date is not null
                then 'rebooking'
            end as taken_back_by

        from {{ ref('int_credit_plans') }}

    ),

    dated_wins as (

        select
            *,
            case
                taken_back_by
                when 'clawback'
                then next_closed_date
                when 'rebooking'
                then won_again_date
            end as taken_back_date

        from followed_wins

    )

-- What is taken back before its plan period is over was not sold in it.
select
    wins.opportunity_id,
    wins.episode,
    wins.sales_rep_id,
    wins.person_id,
    wins.person_key,
    wins.employee_id,
    wins.product_id,
    wins.won_date,
    wins.next_closed_date,
    wins.is_won_next,
    wins.opportunity_value,
    wins.split_share,
    wins.plan_id,
    wins.plan_version,
    wins.period_grain,
    wins.clawback_days,
    wins.problem,
    wins.taken_back_by,
    wins.taken_back_date,
    coalesce(
        {{ period_around('wins.period_grain', 'won', 'start') }}
        = {{ period_around('wins.period_grain', 'taken_back', 'start') }},
        false
    ) as is_taken_back_at_once

from dated_wins as wins
left join {{ ref('dim_date') }} as won on wins.won_date = won.date_day
left join {{ ref('dim_date') }} as taken_back on wins.taken_back_date = taken_back.date_day

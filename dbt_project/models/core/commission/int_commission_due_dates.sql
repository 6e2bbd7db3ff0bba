with

    dated_people as (

        select person_id, plan_period_end

        from {{ ref('fct_commission') }}

        union distinct

        select person_id, plan_period_end

        from {{ ref('fct_credit') }}
        where person_id is not null and plan_period_end is not null

    ),

    people_at_rhythms as (

        select dated_people.person_id, dated_people.plan_period_end, rhythms.pay_rhythm

        from dated_people
        inner join
            {{ ref('int_commission_pay_rhythms') }} as rhythms
            on dated_people.person_id = rhythms.person_id

    ),

    period_ends as (

        select pay_rhythm, plan_period_end

        from people_at_rhythms

        union distinct

        select 'any' as pay_rhythm, plan_period_end

        from people_at_rhythms

    ),

    -- Commission is due once the first regular run of a later pay period has been paid.
    ranked_runs as (

        select
            period_ends.pay_rhythm,
            period_ends.plan_period_end,
            runs.pay_run_id,
            runs.pay_period_start,
            runs.pay_period_end,
            runs.paid_on,
            row_number() over (
                partition by period_ends.pay_rhythm, period_ends.plan_period_end
                order by runs.paid_on, runs.pay_period_start, runs.pay_run_id
            ) as rank

        from period_ends
        inner join
            {{ ref('int_commission_pay_runs') }} as runs
            on period_ends.pay_rhythm = runs.pay_rhythm
            and period_ends.plan_period_end < runs.pay_period_start

    ),

    first_runs as (select * from ranked_runs where rank = 1),

    -- A rhythm that the company took up later tells nothing of when earlier commission was due.
    chosen_runs as (

        select
            people.person_id,
            people.plan_period_end,
            case
                when
                    {{ days_between('people.plan_period_end', 'own.pay_period_start') }}
                    <= settings.max_pay_gap_days
                then own.pay_rhythm
                when own.pay_run_id is not null
                then 'any'
            end as pay_rhythm

        from people_at_rhythms as people
        cross join {{ ref('stg_company__settings') }} as settings
        left join
            first_runs as own
            on people.pay_rhythm = own.pay_rhythm
            and people.plan_period_end = own.plan_period_end

    )

select
    chosen.person_id,
    chosen.plan_period_end,
    runs.pay_run_id,
    runs.pay_period_start,
    runs.pay_period_end,
    runs.paid_on as due_on

from chosen_runs as chosen
left join
    first_runs as runs
    on chosen.pay_rhythm = runs.pay_rhythm
    and chosen.plan_period_end = runs.plan_period_end

with

    rhythms as (

        select pay_rhythm, max(paid_on) as last_paid_on

        from {{ ref('int_commission_pay_runs') }}
        group by pay_rhythm

    ),

    -- How somebody is paid commission says more than how the salary is paid.
    paid_people as (

        select
            lines.person_id,
            runs.pay_rhythm,
            max(case when lines.is_commission then runs.paid_on end) as commission_paid_date,
            max(runs.paid_on) as last_paid_on

        from {{ ref('fct_payroll_line') }} as lines
        inner join
            {{ ref('int_commission_pay_runs') }} as runs on lines.pay_run_id = runs.pay_run_id
        where runs.pay_rhythm <> 'any'
        group by lines.person_id, runs.pay_rhythm

    ),

    ranked_rhythms as (

        select
            person_id,
            pay_rhythm,
            row_number() over (
                partition by person_id
                order by
                    coalesce(commission_paid_date, {{ open_start_date() }}) desc,
                    last_paid_on desc,
                    pay_rhythm asc
            ) as rank

        from paid_people

    ),

    people as (select distinct person_id from {{ ref('bridge_person') }})

-- Where nobody has been paid at the rep's rhythm for max_pay_gap_days, or the rep never was, any
-- run counts: what is owed must not wait for ever.
select
    people.person_id,
    coalesce(
        case
            when
                {{ days_between('own.last_paid_on', 'of_all.last_paid_on') }}
                <= settings.max_pay_gap_days
            then own.pay_rhythm
        end,
        'any'
    ) as pay_rhythm

from people
cross join {{ ref('stg_company__settings') }} as settings
left join ranked_rhythms as ranked on people.person_id = ranked.person_id and ranked.rank = 1
left join rhythms as own on ranked.pay_rhythm = own.pay_rhythm
left join rhythms as of_all on of_all.pay_rhythm = 'any'

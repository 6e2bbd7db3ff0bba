with

    dated_credits as (

        select
            credits.*,
            {{ reconciled_unit('credits') }} as unit_key,
            -- What was paid for an earlier win stands at its rate until the later one is due, and
            -- what is given back at that of the win that it was earned by.
            row_number() over (
                partition by {{ reconciled_unit('credits') }}
                order by
                    case when due.due_on is null then 1 else 0 end asc,
                    credits.credit_date desc,
                    credits.won_date asc
            ) as rank

        from {{ ref('fct_credit') }} as credits
        left join
            {{ ref('int_commission_due_dates') }} as due
            on credits.person_id = due.person_id
            and credits.plan_period_end = due.plan_period_end
        where credits.credit_kind in ('win', 'reinstatement') and credits.person_id is not null

    )

select
    unit_key,
    max(sales_rep_id) as sales_rep_id,
    max(won_date) as credit_date,
    max(case when rank = 1 then won_date end) as paid_as_of_date,
    sum(case when credit_kind = 'win' then credit_value else 0 end) as credit_value,
    max(plan_id) as plan_id,
    max(plan_version) as plan_version,
    max(case when problem in ('before_hire', 'after_exit') then problem end) as employment_problem

from dated_credits
group by unit_key

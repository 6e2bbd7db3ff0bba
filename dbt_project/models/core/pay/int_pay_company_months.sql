with

    people as (

        select
            pay.month_start,
            pay.person_id,
            sum(pay.fixed_value) as fixed_value,
            sum(pay.variable_value) as variable_value,
            sum(pay.employer_cost_value) as employer_cost_value,
            min(case when grouped.is_safe then 1 else 0 end) as is_safe

        from {{ ref('fct_seller_pay') }} as pay
        inner join
            {{ ref('int_pay_groups') }} as grouped
            on pay.month_start = grouped.month_start
            and pay.person_id = grouped.person_id
            and pay.branch_id = grouped.branch_id
            and pay.team_id = grouped.team_id
            and pay.territory_id = grouped.territory_id
        group by pay.month_start, pay.person_id

    ),

    -- Employer cost follows pay, and the company's variable pay is published to the cent. What of
    -- employer cost goes with it moves every month by what everybody can reckon; left among what is
    -- rounded, it would show from which side the sum comes near to the next step, month after
    -- month, and at last the sum itself.
    costs_divided as (

        select
            *,
            cast(
                case
                    when
                        fixed_value >= 0
                        and variable_value >= 0
                        and fixed_value + variable_value > 0
                    then
                        floor(
                            cast(employer_cost_value as double)
                            * cast(fixed_value as double)
                            / cast(fixed_value + variable_value as double)
                            * 100
                            + 0.5
                        )
                        / 100.0e0
                    else cast(employer_cost_value as double)
                end as decimal(18, 2)
            ) as fixed_employer_cost_value

        from people

    ),

    calendar_months as (

        select distinct month_start, quarter_start, year_start from {{ ref('dim_date') }}

    )

select
    calendar.month_start,
    calendar.quarter_start,
    calendar.year_start,
    min(people.is_safe) = 1 as is_safe,
    cast(sum(people.fixed_value) as double) as fixed_value,
    cast(sum(people.variable_value) as double) as variable_value,
    cast(sum(people.fixed_employer_cost_value) as double) as fixed_employer_cost_value,
    cast(
        sum(people.employer_cost_value - people.fixed_employer_cost_value) as double
    ) as variable_employer_cost_value,
    cast(sum(people.fixed_value + people.fixed_employer_cost_value) as double) as base_value,
    cast(
        max(abs(people.fixed_value + people.fixed_employer_cost_value)) as double
    ) as largest_base_value

from costs_divided as people
inner join calendar_months as calendar on people.month_start = calendar.month_start
group by calendar.month_start, calendar.quarter_start, calendar.year_start

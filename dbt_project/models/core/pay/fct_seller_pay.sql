with

    paid as (

        select
            reported_amounts.month_start,
            reported_amounts.person_id,
            org_units.branch_id,
            org_units.team_id,
            org_units.territory_id,
            {{ pay_sum("case when reported_amounts.earning_class = 'fixed' then reported_amounts.pay_value end") }}
            as fixed_value,
            {{ pay_sum("case when reported_amounts.earning_class = 'variable' then reported_amounts.pay_value end") }}
            as variable_value,
            {{ pay_sum("case when reported_amounts.earning_class = 'employer_cost' then reported_amounts.pay_value end") }}
            as employer_cost_value

        from {{ ref('int_pay_amounts_counted') }} as reported_amounts
        inner join
            {{ ref('int_pay_org_units') }} as org_units
            on reported_amounts.person_id = org_units.person_id
            and reported_amounts.paid_on = org_units.paid_on
            and reported_amounts.known_by_date = org_units.known_by_date
        where org_units.is_sales
        group by
            reported_amounts.month_start,
            reported_amounts.person_id,
            org_units.branch_id,
            org_units.team_id,
            org_units.territory_id
        having
            sum(
                case
                    when reported_amounts.earning_class = 'fixed'
                    then reported_amounts.pay_value
                    else 0
                end
            )
            <> 0
            or sum(
                case
                    when reported_amounts.earning_class = 'variable'
                    then reported_amounts.pay_value
                    else 0
                end
            )
            <> 0
            or sum(
                case
                    when reported_amounts.earning_class = 'employer_cost'
                    then reported_amounts.pay_value
                    else 0
                end
            )
            <> 0

    ),

    -- An agreement names no unit: it stands once a month, where most of the salary was paid.
    ranked_pay as (

        select
            *,
            row_number() over (
                partition by month_start, person_id
                order by
                    fixed_value desc,
                    variable_value desc,
                    branch_id asc,
                    team_id asc,
                    territory_id asc
            ) as rank

        from paid

    )

select
    paid.month_start,
    paid.person_id,
    paid.branch_id,
    paid.team_id,
    paid.territory_id,
    paid.fixed_value,
    paid.variable_value,
    paid.employer_cost_value,
    agreed.agreed_fixed_value,
    agreed.agreed_variable_value

from ranked_pay as paid
left join
    {{ ref('int_agreed_pay') }} as agreed
    on paid.person_id = agreed.person_id
    and paid.month_start = agreed.month_start
    and paid.rank = 1

with

    settings as (select time_zone from {{ ref('stg_company__settings') }}),

    days_of_pay as (

        select distinct person_id, paid_on, known_by_date from {{ ref('int_pay_amounts_counted') }}

    ),

    positions as (

        select
            positions.*,
            {{ extract_date('positions.valid_from', 'settings.time_zone') }} as reported_date,
            case
                when positions.is_current
                then {{ open_end_date() }}
                else {{ extract_date('positions.valid_to', 'settings.time_zone') }}
            end as superseded_date

        from {{ ref('stg_hr__positions_history') }} as positions
        cross join settings
        where
            not positions.is_vanished
            -- One that ends on the day it begins was called off.
            and coalesce(positions.effective_to > positions.effective_from, true)

    ),

    workers as (

        select
            accounts.person_id,
            workers.worker_id,
            {{ extract_date('workers.valid_from', 'settings.time_zone') }} as reported_date

        from {{ ref('stg_hr__workers_history') }} as workers
        cross join settings
        inner join
            {{ ref('bridge_person') }} as accounts
            on accounts.system_name = 'hr'
            and workers.worker_id = accounts.system_person_id
        where workers.version_number = 1

    ),

    -- What HR had reported by the freeze.
    reported_positions as (

        select
            days_of_pay.person_id,
            days_of_pay.paid_on,
            days_of_pay.known_by_date,
            workers.worker_id,
            positions.effective_from,
            positions.branch_id,
            positions.team_id,
            positions.territory_id,
            positions.is_sales,
            coalesce(positions.is_primary, true) as is_main,
            coalesce(positions.effective_to <= days_of_pay.paid_on, false)
            -- Each ends where the next of its kind begins.
            or coalesce(
                min(positions.effective_from) over (
                    partition by
                        days_of_pay.person_id,
                        days_of_pay.paid_on,
                        days_of_pay.known_by_date,
                        workers.worker_id,
                        coalesce(positions.is_primary, true)
                    order by positions.effective_from
                    rows between 1 following and unbounded following
                )
                <= days_of_pay.paid_on,
                false
            ) as has_ended,
            max(
                case
                    when
                        positions.effective_from <= days_of_pay.paid_on
                        and coalesce(positions.effective_to > days_of_pay.paid_on, true)
                    then 1
                    else 0
                end
            ) over (
                partition by days_of_pay.person_id, days_of_pay.paid_on, days_of_pay.known_by_date
            )
            = 1 as has_open_position

        from days_of_pay
        inner join
            workers
            on days_of_pay.person_id = workers.person_id
            and days_of_pay.known_by_date >= workers.reported_date
        left join
            positions
            on workers.worker_id = positions.worker_id
            and days_of_pay.known_by_date >= positions.reported_date
            and days_of_pay.known_by_date < positions.superseded_date

    ),

    -- A second job, or one in another record of HR, decides only where the main one has ended
    -- or not begun, as in dim_employee. The last pay often comes after the last day, and the
    -- first before the first: it counts where somebody was last, or was to be first.
    ranked_positions as (

        select
            person_id,
            paid_on,
            known_by_date,
            branch_id,
            team_id,
            territory_id,
            is_sales,
            row_number() over (
                partition by person_id, paid_on, known_by_date
                order by
                    case
                        when effective_from <= paid_on and (is_main or not has_ended)
                        then 1
                        when effective_from > paid_on
                        then 2
                        when effective_from <= paid_on
                        then 3
                        else 4
                    end,
                    case
                        when effective_from > paid_on
                        then {{ days_between('paid_on', 'effective_from') }}
                        else 0
                    end,
                    case
                        when is_main and not (has_ended and has_open_position)
                        then 1
                        when not is_main and not has_ended
                        then 2
                        else 3
                    end,
                    case
                        when effective_from <= paid_on
                        then {{ days_between('effective_from', 'paid_on') }}
                    end,
                    worker_id
            ) as rank

        from reported_positions

    ),

    reps as (

        select
            people.person_id,
            reps.sales_rep_id,
            reps.branch_id,
            reps.team_id,
            reps.territory_id,
            reps.valid_from_date,
            reps.valid_to_date,
            {{ extract_date('users.valid_from', 'settings.time_zone') }} as reported_date

        from {{ ref('dim_person') }} as people
        inner join {{ ref('dim_sales_rep') }} as reps on people.sales_rep_id = reps.sales_rep_id
        inner join
            {{ ref('stg_crm__users_history') }} as users
            on reps.sales_rep_id = users.user_id
            and users.version_number = 1
        cross join settings

    ),

    -- Where HR names no unit, that of the CRM counts; whoever has a user there and no record in
    -- HR sells.
    org_units as (

        select
            days_of_pay.person_id,
            days_of_pay.paid_on,
            days_of_pay.known_by_date,
            coalesce(branches.branch_id, reps.branch_id, 'unknown') as branch_id,
            coalesce(teams.team_id, reps.team_id, 'unknown') as team_id,
            coalesce(territories.territory_id, reps.territory_id, 'unknown') as territory_id,
            coalesce(positions.is_sales, reps.sales_rep_id is not null) as is_sales

        from days_of_pay
        left join
            ranked_positions as positions
            on days_of_pay.person_id = positions.person_id
            and days_of_pay.paid_on = positions.paid_on
            and days_of_pay.known_by_date = positions.known_by_date
            and positions.rank = 1
        left join
            reps
            on days_of_pay.person_id = reps.person_id
            and days_of_pay.paid_on >= reps.valid_from_date
            and days_of_pay.paid_on < reps.valid_to_date
            and days_of_pay.known_by_date >= reps.reported_date
        left join {{ ref('dim_branch') }} as branches on positions.branch_id = branches.branch_id
        left join {{ ref('dim_team') }} as teams on positions.team_id = teams.team_id
        left join
            {{ ref('dim_territory') }} as territories
            on positions.territory_id = territories.territory_id

    ),

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
            org_units
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

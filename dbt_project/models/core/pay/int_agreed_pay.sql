with

    months as (

        select distinct
            calendar.month_start,
            calendar.month_end,
            {{ days_between('calendar.month_start', 'calendar.month_end') }} + 1 as month_days,
            least(calendar.month_end, warehouse.as_of_date) as rate_date

        from {{ ref('dim_date') }} as calendar
        cross join {{ ref('dim_as_of') }} as warehouse
        where calendar.month_start <= warehouse.as_of_date

    ),

    agreed_months as (

        select
            agreements.*,
            months.month_start,
            months.month_days,
            months.rate_date,
            {{ days_between(
            'greatest(agreements.valid_from_date, months.month_start)',
            'least(agreements.valid_to_date, ' ~ plus_days('months.month_end', 1) ~ ')'
        ) }} as days_held

        from {{ ref('int_pay_agreements_held') }} as agreements
        inner join
            months
            on agreements.valid_from_date <= months.month_end
            and agreements.valid_to_date > months.month_start
        where agreements.valid_to_date > agreements.valid_from_date

    ),

    hours_paid as (

        select lines.person_id, calendar.month_start, sum(lines.hours) as hours

        from {{ ref('fct_payroll_line') }} as lines
        inner join {{ ref('dim_date') }} as calendar on lines.paid_on = calendar.date_day
        where lines.earning_class = 'fixed'
        group by lines.person_id, calendar.month_start

    ),

    -- A month's pay, or a twelfth of a year's, for the days of the month on which it was agreed;
    -- and an hour's for the hours that were paid.
    agreed_amounts as (

        select
            agreed.person_id,
            agreed.month_start,
            agreed.component,
            agreed.currency_code,
            agreed.rate_date,
            cast(
                case
                    agreed.pay_basis
                    when 'hour'
                    then
                        cast(agreed.pay_amount as double)
                        * cast(hours_paid.hours as double)
                        * agreed.days_held
                        / sum(agreed.days_held) over (
                            partition by
                                agreed.person_id,
                                agreed.month_start,
                                agreed.component,
                                agreed.pay_basis
                        )
                    when 'month'
                    then cast(agreed.pay_amount as double) * agreed.days_held / agreed.month_days
                    else
                        cast(agreed.pay_amount as double)
                        * agreed.days_held
                        / (12 * agreed.month_days)
                end as decimal(22, 6)
            ) as agreed_amount

        from agreed_months as agreed
        left join
            hours_paid
            on agreed.person_id = hours_paid.person_id
            and agreed.month_start = hours_paid.month_start

    ),

    agreed_values as (

        select
            amounts.person_id,
            amounts.month_start,
            amounts.component,
            {{ converted_pay('amounts.agreed_amount', 'rates.exchange_rate') }} as agreed_value

        from agreed_amounts as amounts
        left join
            {{ ref('int_fx_rates_daily') }} as rates
            on amounts.currency_code = rates.currency_code
            and amounts.rate_date = rates.rate_date

    )

-- Of what is agreed in several parts nothing is reported where one of them is not known.
select
    person_id,
    month_start,
    {%- for column, component in {'agreed_fixed_value': 'base', 'agreed_variable_value': 'on_target_variable'}.items() %}
        cast(
            case
                when
                    sum(
                        case
                            when component = '{{ component }}' and agreed_value is null
                            then 1
                            else 0
                        end
                    )
                    = 0
                then sum(case when component = '{{ component }}' then agreed_value end)
            end as decimal(22, 6)
        ) as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}

from agreed_values
group by person_id, month_start

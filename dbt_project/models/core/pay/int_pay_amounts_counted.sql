with

    settings as (select close_lag_days from {{ ref('stg_company__settings') }}),

    amounts as (

        select
            people.person_id,
            amounts.paid_on,
            amounts.earning_class,
            amounts.pay_amount,
            amounts.currency_code,
            amounts.understood_date,
            amounts.first_extract_date

        from {{ ref('int_pay_amounts_understood') }} as amounts
        inner join
            {{ ref('bridge_person') }} as people
            on people.system_name = 'payroll'
            and amounts.employee_id = people.system_person_id

    ),

    -- A month that has been published stays as it was: what is reported after its freeze counts
    -- on the day on which it was reported. The first extract of payroll tells of all the time
    -- before it.
    counted_amounts as (

        select
            amounts.*,
            rates.exchange_rate,
            case
                when
                    amounts.understood_date <= amounts.first_extract_date
                    or amounts.understood_date
                    <= {{ plus_days('calendar.month_end', 'settings.close_lag_days') }}
                then amounts.paid_on
                else amounts.understood_date
            end as counted_date

        from amounts
        cross join settings
        inner join {{ ref('dim_date') }} as calendar on amounts.paid_on = calendar.date_day
        inner join
            {{ ref('int_fx_rates_daily') }} as rates
            on amounts.currency_code = rates.currency_code
            and amounts.paid_on = rates.rate_date

    )

select
    counted.person_id,
    calendar.month_start,
    greatest(
        {{ plus_days('calendar.month_end', 'settings.close_lag_days') }}, counted.first_extract_date
    ) as known_by_date,
    counted.paid_on,
    counted.earning_class,
    {{ converted_pay('counted.pay_amount', 'counted.exchange_rate') }} as pay_value

from counted_amounts as counted
cross join settings
inner join {{ ref('dim_date') }} as calendar on counted.counted_date = calendar.date_day

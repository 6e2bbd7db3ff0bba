with

    settings as (

        select reporting_currency, max_rate_age_days from {{ ref('stg_company__settings') }}

    ),

    rates as (

        select from_currency, to_currency, rate_date, rate from {{ ref('stg_crm__fx_rates') }}

    ),

    direct_rates as (

        select rates.from_currency as currency_code, rates.rate_date, rates.rate as exchange_rate

        from rates
        inner join settings on rates.to_currency = settings.reporting_currency
        where rates.from_currency <> settings.reporting_currency

    ),

    -- Only where no direct rate of that day is known: the two directions of a pair rarely agree to
    -- the last digit, and the one that needs no division is the one that was quoted.
    inverse_rates as (

        select
            rates.to_currency as currency_code,
            rates.rate_date,
            cast(cast(1 as double) / cast(rates.rate as double) as decimal(18, 8)) as exchange_rate

        from rates
        inner join settings on rates.from_currency = settings.reporting_currency
        left join
            direct_rates
            on rates.to_currency = direct_rates.currency_code
            and rates.rate_date = direct_rates.rate_date
        where
            rates.to_currency <> settings.reporting_currency and direct_rates.currency_code is null

    ),

    quoted_rates as (

        select *
        from direct_rates
        union all
        select *
        from inverse_rates

    ),

    spans as (

        select
            currency_code,
            rate_date,
            exchange_rate,
            lead(rate_date) over (partition by currency_code order by rate_date) as next_rate_date

        from quoted_rates

    ),

    days_of_calendar as (

        select cast(row_number() over (order by date_day) - 1 as integer) as age_days

        from {{ ref('stg_company__calendar') }}

    ),

    -- 0, 1, 2, ... : how many days old a rate may be on the day it is used. Of all days of the
    -- calendar, engines would compare each with each rate.
    ages as (

        select days_of_calendar.age_days

        from days_of_calendar
        cross join settings
        where days_of_calendar.age_days <= settings.max_rate_age_days

    )

select
    spans.currency_code,
    {{ plus_days('spans.rate_date', 'ages.age_days') }} as rate_date,
    spans.exchange_rate,
    spans.rate_date as exchange_rate_date

from spans
inner join
    ages
    on (
        spans.next_rate_date is null
        or ages.age_days < {{ days_between('spans.rate_date', 'spans.next_rate_date') }}
    )

union all

select
    settings.reporting_currency as currency_code,
    calendar.date_day as rate_date,
    cast(1 as decimal(18, 8)) as exchange_rate,
    calendar.date_day as exchange_rate_date

from settings
cross join {{ ref('stg_company__calendar') }} as calendar

with

    -- Days before a currency's first rate have none: nobody can say what a deal was worth then.
    known_days as (

        select currencies.currency_code, calendar.date_day as rate_date

        from
            (
                select currency_code, min(rate_date) as first_rate_date

                from {{ ref('int_fx_rates_daily') }}
                group by currency_code
            ) as currencies
        inner join
            {{ ref('stg_company__calendar') }} as calendar
            on currencies.first_rate_date <= calendar.date_day

    )

select
    known_days.currency_code,
    known_days.rate_date,
    {{ last_known('rates.exchange_rate', 'until_then') }} as exchange_rate,
    {{ last_known('rates.exchange_rate_date', 'until_then') }} as exchange_rate_date

from known_days
left join
    {{ ref('int_fx_rates_daily') }} as rates
    on known_days.currency_code = rates.currency_code
    and known_days.rate_date = rates.rate_date
window
    until_then as (
        partition by known_days.currency_code
        order by known_days.rate_date
        rows between unbounded preceding and current row
    )

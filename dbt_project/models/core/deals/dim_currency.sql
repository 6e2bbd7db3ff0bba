with

    settings as (select reporting_currency from {{ ref('stg_company__settings') }}),

    rates as (

        select
            daily_rates.currency_code,
            daily_rates.exchange_rate,
            daily_rates.exchange_rate_date,
            row_number() over (
                partition by daily_rates.currency_code order by daily_rates.rate_date desc
            ) as newest_first

        from {{ ref('int_fx_rates_daily') }} as daily_rates
        cross join {{ ref('dim_as_of') }} as warehouse
        where daily_rates.rate_date <= warehouse.as_of_date

    ),

    latest_rates as (

        select currency_code, exchange_rate, exchange_rate_date from rates where newest_first = 1

    ),

    currencies as (

        select reporting_currency as currency_code
        from settings
        union distinct
        select currency_code
        from {{ ref('fct_opportunity_version') }}
        union distinct
        select currency_code
        from {{ ref('dim_product') }}
        union distinct
        select from_currency as currency_code
        from {{ ref('stg_crm__fx_rates') }}
        union distinct
        select to_currency as currency_code
        from {{ ref('stg_crm__fx_rates') }}

    )

select
    currencies.currency_code,
    currencies.currency_code = settings.reporting_currency as is_reporting_currency,
    latest_rates.exchange_rate as latest_rate,
    latest_rates.exchange_rate_date as latest_rate_date

from currencies
cross join settings
left join latest_rates on currencies.currency_code = latest_rates.currency_code
where currencies.currency_code is not null

union all

select
    'unknown' as currency_code,
    false as is_reporting_currency,
    cast(null as decimal(18, 8)) as latest_rate,
    cast(null as date) as latest_rate_date

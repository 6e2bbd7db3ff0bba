with currencies as (select distinct currency_code from {{ ref('fct_exchange_rate_held') }})

select
    periods.period_grain,
    periods.period_start,
    periods.period_end,
    periods.last_known_date,
    currencies.currency_code,
    start_rates.exchange_rate as start_rate,
    end_rates.exchange_rate as end_rate

from {{ ref('dim_period') }} as periods
cross join currencies
left join
    {{ ref('fct_exchange_rate_held') }} as start_rates
    on currencies.currency_code = start_rates.currency_code
    and {{ plus_days('periods.period_start', -1) }} = start_rates.rate_date
left join
    {{ ref('fct_exchange_rate_held') }} as end_rates
    on currencies.currency_code = end_rates.currency_code
    and periods.last_known_date = end_rates.rate_date
where periods.last_known_date is not null

select
    draws.draw_id,
    draws.person_id,
    people.person_name,
    people.sales_rep_id,
    draws.period_grain,
    draws.period_start,
    draws.period_end,
    draws.is_recoverable,
    draws.currency_code,
    draws.draw_amount,
    rates.exchange_rate,
    {{ converted_pay('draws.draw_amount', 'rates.exchange_rate') }} as draw_value,
    case
        when draws.period_start <= warehouse.as_of_date and rates.exchange_rate is null
        then 'no_exchange_rate'
    end as problem

from {{ ref('int_draw_periods') }} as draws
cross join {{ ref('dim_as_of') }} as warehouse
inner join {{ ref('dim_person') }} as people on draws.person_id = people.person_id
left join
    {{ ref('int_fx_rates_daily') }} as rates
    on draws.currency_code = rates.currency_code
    and draws.period_start = rates.rate_date

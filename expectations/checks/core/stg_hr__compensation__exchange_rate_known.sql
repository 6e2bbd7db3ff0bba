-- about: staging.stg_hr__compensation
-- severity: warn
-- meaning: currencies of agreements on pay without any exchange rate; what was agreed is not
-- shown
-- advice: land the missing rates in fx_rates
select currency_code, count(*) as agreements
from {{ batch }}
where
    currency_code is not null
    and currency_code not in (select currency_code from warehouse.intermediate.int_fx_rates_daily)
group by currency_code

-- about: staging.stg_payroll__commission_adjustments
-- severity: warn
-- meaning: currencies of adjustments without an exchange rate on the day of approval; where
-- the deal has none either, the adjustment does not count
-- advice: land the missing rates in fx_rates, or raise max_rate_age_days in company.yml
select adjustments.currency_code, count(*) as adjustments
from {{ batch }} as adjustments
left join
    warehouse.intermediate.int_fx_rates_daily as rates
    on adjustments.currency_code = rates.currency_code
    and adjustments.approved_on = rates.rate_date
where
    adjustments.currency_code is not null
    and adjustments.approved_on is not null
    and rates.rate_date is null
group by adjustments.currency_code

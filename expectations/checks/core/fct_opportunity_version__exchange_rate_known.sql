-- about: core.fct_opportunity_version
-- severity: block
-- meaning: currencies without an exchange rate on a day that needs one
-- advice: land the missing rates in fx_rates, or raise max_rate_age_days in company.yml
select
    currency_code,
    min(valid_from_date) as first_day,
    max(valid_from_date) as last_day,
    count(distinct opportunity_id) as deals
from {{ batch }}
where amount is not null and exchange_rate is null and not is_excluded
group by currency_code

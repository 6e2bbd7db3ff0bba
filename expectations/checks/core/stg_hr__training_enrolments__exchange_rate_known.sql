-- about: staging.stg_hr__training_enrolments
-- severity: warn
-- meaning: currencies of training costs without an exchange rate on the first day
-- advice: land the missing rates in fx_rates, or raise max_rate_age_days in company.yml
select enrolments.currency_code, count(*) as enrolments
from {{ batch }} as enrolments
left join
    warehouse.intermediate.int_fx_rates_daily as rates
    on enrolments.currency_code = rates.currency_code
    and coalesce(enrolments.started_on, enrolments.completed_on) = rates.rate_date
where training_cost is not null and enrolments.currency_code is not null and rates.rate_date is null
group by enrolments.currency_code

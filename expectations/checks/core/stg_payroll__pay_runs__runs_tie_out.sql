-- about: staging.stg_payroll__pay_runs
-- severity: warn
-- meaning: runs whose lines in the currency of their control total do not add up to it
-- advice: ask payroll for the whole run; lines may be missing or sent twice
select runs.pay_run_id, count(lines.pay_line_id) as lines
from {{ batch }} as runs
cross join warehouse.staging.stg_company__settings as settings
left join
    restricted.restricted.fct_payroll_line as lines
    on runs.pay_run_id = lines.pay_run_id
    and coalesce(runs.currency_code, settings.reporting_currency) = lines.currency_code
where runs.control_total is not null
group by runs.pay_run_id, runs.control_total
-- Of thirds the cents add up, and not the sixth decimals.
having
    cast(coalesce(sum(lines.pay_amount), 0) as decimal(18, 2))
    <> cast(runs.control_total as decimal(18, 2))

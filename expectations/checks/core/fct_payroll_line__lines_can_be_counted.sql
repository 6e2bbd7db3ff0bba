-- about: restricted.fct_payroll_line
-- severity: warn
-- meaning: reasons for which pay lines cannot be counted whole
-- advice: land what is missing: the rate in fx_rates, the code in earning_codes, the run in
-- pay_runs, the employee in employees
select
    problem,
    case
        problem
        when 'no_exchange_rate'
        then currency_code
        when 'unknown_earning_code'
        then earning_code
        when 'unknown_run'
        then pay_run_id
    end as what,
    count(*) as lines
from {{ batch }}
where problem is not null
group by all

-- about: restricted.fct_payroll_line
-- severity: warn
-- meaning: codes of fixed pay for periods after the last day of employment
-- advice: find them in fct_payroll_line of published/restricted.duckdb, and correct the exit
-- in HR or take the pay back
select lines.earning_code, count(*) as lines
from {{ batch }} as lines
inner join
    (
        select person_id, max(valid_to_date) as employed_to_date
        from warehouse.intermediate.int_employments
        group by person_id
    ) as employments using (person_id)
where
    lines.earning_class = 'fixed'
    and lines.pay_amount > 0
    and lines.pay_period_start >= employments.employed_to_date
group by lines.earning_code

-- about: staging.stg_payroll__draws
-- severity: warn
-- meaning: days on which draws begin and no month of the company's calendar does; such a
-- draw is paid on top of what is earned in its period
-- advice: date the draw by the first day of its month, quarter or year
select draws.period_start, count(*) as draws
from {{ batch }} as draws
left join
    warehouse.staging.stg_company__calendar as calendar on draws.period_start = calendar.date_day
where calendar.month_start is distinct from draws.period_start
group by draws.period_start

-- about: staging.stg_hr__training_enrolments
-- severity: warn
-- meaning: statuses of enrolments that were completed on no day; nothing can be compared
-- before and after them
-- advice: enter the day of completion in HR
select enrolment_status, count(*) as enrolments
from {{ batch }}
where enrolment_status in ('completed', 'passed') and completed_on is null
group by enrolment_status

-- about: staging.stg_hr__training_enrolments
-- severity: warn
-- meaning: courses that people are enrolled in and that no extract has; whether they are
-- onboarding and how long they take is not known
-- advice: add the course to the extract of training_courses
select course_id, count(*) as enrolments
from {{ batch }}
where course_id not in (select course_id from warehouse.staging.stg_hr__training_courses)
group by course_id

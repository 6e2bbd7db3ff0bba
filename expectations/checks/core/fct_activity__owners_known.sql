-- about: core.fct_activity
-- severity: warn
-- meaning: types of activities of which some belong to no user; their hours count nowhere
-- advice: land the users who own them, and check how the mapping names owners
select activity_type, count(*) as activities
from {{ batch }}
where is_counted_as_time and sales_rep_id = 'unknown'
group by activity_type

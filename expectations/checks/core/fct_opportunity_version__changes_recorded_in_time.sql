-- about: core.fct_opportunity_version
-- severity: warn
-- meaning: deals with changes that an extract had already spoken for without telling them;
-- answers about these days have changed
-- advice: export the history together with the deals
select opportunity_id, min(valid_from) as first_late_change, count(*) as changes
from {{ batch }}
where is_recorded_late
group by opportunity_id

-- about: core.fct_opportunity_version
-- severity: block
-- meaning: deals that raw does not know
-- advice: this is a defect of the models, not of the extracts; report it with these ids
select distinct opportunity_id
from {{ batch }}
where opportunity_id not in (select opportunity_id from raw.crm.opportunities)

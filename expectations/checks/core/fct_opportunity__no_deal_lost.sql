-- about: core.fct_opportunity
-- severity: block
-- meaning: deals of raw that are missing here
-- advice: this is a defect of the models, not of the extracts; report it with these ids
select distinct opportunity_id
from raw.crm.opportunities
where _op = 'upsert' and opportunity_id not in (select opportunity_id from {{ batch }})

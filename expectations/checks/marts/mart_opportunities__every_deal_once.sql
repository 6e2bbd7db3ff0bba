-- about: marts.mart_opportunities
-- severity: block
-- meaning: deals that stand in only one of core and the mart
-- advice: this is a defect of the mart; report it with these rows
select coalesce(fact.opportunity_id, mart.opportunity_id) as opportunity_id
from (select opportunity_id from warehouse.core.fct_opportunity where is_last_episode) fact
full join (select opportunity_id from {{ batch }}) mart using (opportunity_id)
where fact.opportunity_id is null or mart.opportunity_id is null

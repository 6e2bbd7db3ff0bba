-- about: core.fct_opportunity
-- severity: block
-- meaning: deals that count more than once
-- advice: this is a defect of the models, not of the extracts; report it with these ids
select opportunity_id, count(*) as last_episodes
from {{ batch }}
where is_last_episode
group by opportunity_id
having count(*) > 1

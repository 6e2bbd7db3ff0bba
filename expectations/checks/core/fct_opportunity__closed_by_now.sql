-- about: core.fct_opportunity
-- severity: warn
-- meaning: decided deals whose closing day lies ahead; they count in the period of that day
-- advice: correct the closing day in the CRM; where files carry the date of the evening on
-- which they are written, say so with extracted_at in the mapping
select opportunity_id, closed_date
from {{ batch }}
where
    closed_date > (select as_of_date from warehouse.core.dim_as_of)
    and not is_excluded
    and is_last_episode

-- about: marts.mart_data_health
-- severity: warn
-- meaning: faults that more than half of the company's open deals have in the CRM
-- advice: have owners mend their deals; the column faults of mart_opportunities says which they are
select fault, faulty_deals, open_deals
from {{ batch }}
where level = 'company' and faulty_share > 0.5

-- about: staging.stg_company__branch_days
-- severity: warn
-- meaning: branches with days off of their own in company.yml that no source names, so that
-- these days change nothing
-- advice: write in company.yml the id that the CRM or HR has for the branch
select distinct branch_id
from {{ batch }}
where branch_id not in (select branch_id from warehouse.core.dim_branch)

-- about: staging.stg_hr__workers
-- severity: warn
-- meaning: statuses of workers whose exit has passed and who are not terminated; the exit
-- counts
-- advice: find them in staging.stg_hr__workers of warehouse.duckdb, and correct status or
-- exit in HR
select worker_status, count(*) as workers
from {{ batch }}
where
    exited_on <= (select as_of_date from warehouse.core.dim_as_of) and worker_status <> 'terminated'
group by worker_status

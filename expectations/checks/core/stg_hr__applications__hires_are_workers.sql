-- about: staging.stg_hr__applications
-- severity: warn
-- meaning: ways in which applications that ended in a hire lead to no worker
-- advice: name the worker in the application, or land the worker in workers
select
    case when applications.worker_id is null then 'named' else 'known' end as worker_is_not,
    count(*) as applications
from {{ batch }} as applications
left join warehouse.staging.stg_hr__workers as workers using (worker_id)
where application_status = 'hired' and workers.worker_id is null
group by all

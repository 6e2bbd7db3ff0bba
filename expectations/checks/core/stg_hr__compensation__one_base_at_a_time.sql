-- about: staging.stg_hr__compensation
-- severity: warn
-- meaning: components of pay of which some worker has two at one time
-- advice: find them in staging.stg_hr__compensation of warehouse.duckdb, and end the earlier
-- agreement in HR on the day the later one begins
with
    ordered as (
        select
            worker_id,
            component,
            effective_from,
            effective_to,
            lead(effective_from) over (
                partition by worker_id, component order by effective_from
            ) as next_from
        from {{ batch }}
    )
select component, count(distinct worker_id) as workers
from ordered
where next_from < effective_to or next_from = effective_from
group by component

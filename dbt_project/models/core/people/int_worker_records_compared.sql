{{ config(materialized='view') }}

with

    -- A record that was given to somebody else shows by a new name together with a new first day.
    worker_versions as (

        select
            worker_id,
            worker_name,
            hired_on,
            exited_on,
            lag(worker_name) over (partition by worker_id order by version_number) as name_before,
            lag(hired_on) over (partition by worker_id order by version_number) as hired_on_before,
            lag(exited_on) over (partition by worker_id order by version_number) as exited_on_before

        from {{ ref('stg_hr__workers_history') }}

    )

select
    worker_id,
    max(case when hired_on > hired_on_before and worker_name <> name_before then 1 else 0 end)
    = 1 as is_reused,
    max(
        case
            when
                worker_name = name_before
                and hired_on > hired_on_before
                and hired_on > exited_on_before
            then 1
            else 0
        end
    )
    = 1 as is_rehired

from worker_versions
group by worker_id

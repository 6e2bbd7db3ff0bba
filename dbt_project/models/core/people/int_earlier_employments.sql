with

    worker_versions as (

        select
            worker_id,
            worker_name,
            hired_on,
            exited_on,
            lead(worker_name) over (
                partition by worker_id order by version_number
            ) as next_worker_name,
            lead(hired_on) over (partition by worker_id order by version_number) as next_hired_date

        from {{ ref('stg_hr__workers_history') }}

    )

-- What was corrected and taken back again tells of the same employment twice.
select distinct
    worker_id,
    hired_on as valid_from_date,
    {{ plus_days('exited_on', 1) }} as valid_to_date,
    next_hired_date as returned_date

from worker_versions
where
    next_hired_date > hired_on
    and next_hired_date > exited_on
    and coalesce(worker_name, '') = coalesce(next_worker_name, '')

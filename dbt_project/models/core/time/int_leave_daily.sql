{{ config(materialized='view') }}

with

    recorded_days as (
        select min(work_date) as first_recorded_date from {{ ref('fct_time_daily') }}
    ),

    records_of_reps as (

        select distinct worker_id from {{ ref('dim_employee') }} where is_sales or sales_fte > 0

    ),

    -- Only what is recorded and of reps is asked for, and leave can last for ever.
    days_on_leave as (

        select
            absences.worker_id,
            absences.hours_per_day,
            {{ each_day(
            'greatest(absences.starts_on, recorded_days.first_recorded_date)',
            'least(absences.ends_on, warehouse.as_of_date)'
        ) }} as date_day

        from {{ ref('stg_hr__leave') }} as absences
        cross join recorded_days
        cross join {{ ref('dim_as_of') }} as warehouse
        inner join records_of_reps as records on absences.worker_id = records.worker_id
        where coalesce(absences.leave_status, 'approved') = 'approved'

    )

select
    worker_id,
    date_day,
    -- Leave without hours is leave of the whole day.
    max(case when hours_per_day is null then 1 else 0 end) = 1 as is_whole_day,
    cast(round(coalesce(sum(hours_per_day), 0) * 3600) as bigint) as leave_seconds

from days_on_leave
group by worker_id, date_day

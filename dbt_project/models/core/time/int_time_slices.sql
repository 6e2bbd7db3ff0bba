{{ config(pre_hook="{{ join_as_written() }}", post_hook="{{ join_as_estimated() }}") }}
with

    activities as (

        select
            activities.activity_id,
            users.person_id,
            activities.activity_class,
            activities.started_at,
            activities.ended_at,
            activities.activity_date as started_date,
            {{ business_date("activities.ended_at - interval '1' microsecond", 'settings.time_zone') }}
            as ended_date

        from {{ ref('fct_activity') }} as activities
        cross join {{ ref('stg_company__settings') }} as settings
        inner join
            {{ ref('bridge_person') }} as users
            on users.system_name = 'crm'
            and activities.sales_rep_id = users.system_person_id
        where activities.is_counted_as_time

    ),

    -- An entry over midnight counts on both days.
    time_slices_of_entries as (

        select
            time_entry_id as record_id,
            person_id,
            activity_class,
            {{ each_day('started_date', 'ended_date') }} as work_date,
            started_date,
            ended_date,
            started_at,
            ended_at,
            true as is_from_time_sheet

        from {{ ref('int_time_entries_validated') }}
        where problem is null and entry_seconds > 0

    ),

    time_slices_of_activities as (

        select
            activity_id as record_id,
            person_id,
            activity_class,
            {{ each_day('started_date', 'ended_date') }} as work_date,
            started_date,
            ended_date,
            started_at,
            ended_at,
            false as is_from_time_sheet

        from activities

    ),

    counted_time_slices as (

        select *

        from time_slices_of_entries

        union all

        select time_slices.*

        from time_slices_of_activities as time_slices
        inner join {{ ref('dim_date') }} as calendar on time_slices.work_date = calendar.date_day
        left join
            {{ ref('int_time_sheet_months') }} as time_sheets
            on time_slices.person_id = time_sheets.person_id
            and calendar.month_start = time_sheets.month_start
        where time_sheets.person_id is null

    )

select
    time_slices.record_id,
    time_slices.person_id,
    time_slices.work_date,
    time_slices.activity_class,
    time_slices.is_from_time_sheet,
    case
        when time_slices.work_date = time_slices.started_date
        then time_slices.started_at
        else {{ start_of_day('time_slices.work_date', 'settings.time_zone') }}
    end as started_at,
    case
        when time_slices.work_date = time_slices.ended_date
        then time_slices.ended_at
        else {{ start_of_day(plus_days('time_slices.work_date', 1), 'settings.time_zone') }}
    end as ended_at

from counted_time_slices as time_slices
cross join {{ ref('stg_company__settings') }} as settings

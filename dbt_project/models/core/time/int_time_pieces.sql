{{ config(pre_hook="{{ join_as_written() }}", post_hook="{{ join_as_estimated() }}") }}
with

    activities as (

        select
            users.person_id,
            activities.activity_class,
            activities.started_at,
            activities.ended_at,
            activities.activity_date as started_on,
            {{ business_date("activities.ended_at - interval '1' microsecond", 'settings.time_zone') }}
            as ended_on

        from {{ ref('fct_activity') }} as activities
        cross join {{ ref('stg_company__settings') }} as settings
        inner join
            {{ ref('bridge_person') }} as users
            on users.system_name = 'crm'
            and activities.sales_rep_id = users.system_person_id
        where activities.is_counted_as_time

    ),

    -- An entry over midnight counts on both days.
    pieces_of_entries as (

        select
            person_id,
            activity_class,
            {{ each_day('started_on', 'ended_on') }} as work_date,
            started_on,
            ended_on,
            started_at,
            ended_at,
            true as is_from_time_sheet

        from {{ ref('int_time_entries_judged') }}
        where problem is null and entry_seconds > 0

    ),

    pieces_of_activities as (

        select
            person_id,
            activity_class,
            {{ each_day('started_on', 'ended_on') }} as work_date,
            started_on,
            ended_on,
            started_at,
            ended_at,
            false as is_from_time_sheet

        from activities

    ),

    heard_pieces as (

        select *

        from pieces_of_entries

        union all

        select pieces.*

        from pieces_of_activities as pieces
        inner join {{ ref('dim_date') }} as calendar on pieces.work_date = calendar.date_day
        left join
            {{ ref('int_time_sheet_months') }} as time_sheets
            on pieces.person_id = time_sheets.person_id
            and calendar.month_start = time_sheets.month_start
        where time_sheets.person_id is null

    )

select
    pieces.person_id,
    pieces.work_date,
    pieces.activity_class,
    pieces.is_from_time_sheet,
    case
        when pieces.work_date = pieces.started_on
        then pieces.started_at
        else {{ start_of_day('pieces.work_date', 'settings.time_zone') }}
    end as started_at,
    case
        when pieces.work_date = pieces.ended_on
        then pieces.ended_at
        else {{ start_of_day(plus_days('pieces.work_date', 1), 'settings.time_zone') }}
    end as ended_at

from heard_pieces as pieces
cross join {{ ref('stg_company__settings') }} as settings

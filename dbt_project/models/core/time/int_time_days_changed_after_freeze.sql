with

    frozen_periods as (
        select * from {{ ref('dim_period') }} where is_frozen and period_grain <> 'week'
    ),

    -- Nearly everything was reported in time and has not changed since.
    late_versions as (

        select versions.*

        from {{ ref('int_time_versions') }} as versions
        cross join {{ ref('dim_as_of') }} as warehouse
        where
            -- No period is frozen sooner after a day of it.
            versions.known_from_date
            > {{ plus_days('versions.started_date', 'warehouse.close_lag_days') }}
            or not versions.is_current

    ),

    late_time_slices as (

        select
            time_source,
            person_id,
            {{ each_day('started_date', 'coalesce(ended_date, started_date)') }} as work_date,
            is_current,
            known_from_date,
            known_to_date

        from late_versions

    ),

    -- A day changed where a version counts now and did not count at the freeze, or the other way
    -- round.
    changed_days as (

        select distinct
            frozen.period_grain,
            frozen.period_start,
            frozen.period_end,
            frozen.frozen_date,
            time_slices.time_source,
            time_slices.person_id,
            time_slices.work_date

        from late_time_slices as time_slices
        inner join
            frozen_periods as frozen
            on time_slices.work_date >= frozen.period_start
            and time_slices.work_date <= frozen.period_end
        where
            (
                frozen.frozen_date >= time_slices.known_from_date
                and frozen.frozen_date < time_slices.known_to_date
            )
            <> time_slices.is_current

    ),

    -- Whether a month has a time sheet decides whether activities count in it: where entries were
    -- reported late, all days of the month are looked at again.
    changed_sheets as (

        select distinct
            days.period_grain,
            days.period_start,
            days.period_end,
            days.frozen_date,
            days.person_id,
            calendar.month_start

        from changed_days as days
        inner join {{ ref('dim_date') }} as calendar on days.work_date = calendar.date_day
        inner join
            {{ ref('bridge_person') }} as users
            on users.system_name = 'crm'
            and days.person_id = users.person_id
        where days.time_source = 'time_entries'

    ),

    days_of_changed_sheets as (

        select
            sheets.period_grain,
            sheets.period_start,
            sheets.period_end,
            sheets.frozen_date,
            sheets.person_id,
            calendar.date_day as work_date

        from changed_sheets as sheets
        inner join {{ ref('dim_date') }} as calendar on sheets.month_start = calendar.month_start

    )

select period_grain, period_start, period_end, frozen_date, person_id, work_date

from changed_days

union distinct

select period_grain, period_start, period_end, frozen_date, person_id, work_date

from days_of_changed_sheets

with

    settings as (select time_zone from {{ ref('stg_company__settings') }}),

    changed_people as (
        select distinct person_id from {{ ref('int_time_days_changed_after_freeze') }}
    ),

    -- All that was reported of these people, and when.
    versions as (

        select reported.*

        from {{ ref('int_time_versions') }} as reported
        inner join changed_people on reported.person_id = changed_people.person_id

    ),

    versions_by_day as (

        select *, {{ each_day('started_date', 'coalesce(ended_date, started_date)') }} as work_date

        from versions

    ),

    versions_at_freeze as (

        select days.period_grain, days.period_start, calendar.month_start, versions.*

        from {{ ref('int_time_days_changed_after_freeze') }} as days
        inner join
            versions_by_day as versions
            on days.person_id = versions.person_id
            and days.work_date = versions.work_date
            and days.frozen_date >= versions.known_from_date
            and days.frozen_date < versions.known_to_date
        inner join {{ ref('dim_date') }} as calendar on days.work_date = calendar.date_day

    ),

    -- As in int_time_sheet_months: of a person and month with an entry, be it one that cannot be
    -- right, no activities count.
    sheets_at_freeze as (

        select distinct
            days.period_grain, days.period_start, versions.person_id, calendar.month_start

        from {{ ref('int_time_days_changed_after_freeze') }} as days
        inner join {{ ref('dim_date') }} as calendar on days.work_date = calendar.date_day
        inner join
            {{ ref('dim_date') }} as days_of_month
            on calendar.month_start = days_of_month.month_start
        inner join
            versions_by_day as versions
            on days.person_id = versions.person_id
            and days_of_month.date_day = versions.work_date
            and days.frozen_date >= versions.known_from_date
            and days.frozen_date < versions.known_to_date
        where versions.time_source = 'time_entries'

    ),

    time_slices as (

        select
            at_freeze.period_grain,
            at_freeze.period_start,
            at_freeze.person_id,
            at_freeze.work_date,
            at_freeze.activity_class,
            at_freeze.time_source = 'time_entries' as is_from_time_sheet,
            case
                when at_freeze.work_date = at_freeze.started_date
                then at_freeze.started_at
                else {{ start_of_day('at_freeze.work_date', 'settings.time_zone') }}
            end as started_at,
            case
                when at_freeze.work_date = at_freeze.ended_date
                then at_freeze.ended_at
                else {{ start_of_day(plus_days('at_freeze.work_date', 1), 'settings.time_zone') }}
            end as ended_at

        from versions_at_freeze as at_freeze
        cross join settings
        left join
            sheets_at_freeze as sheets
            on at_freeze.period_grain = sheets.period_grain
            and at_freeze.period_start = sheets.period_start
            and at_freeze.person_id = sheets.person_id
            and at_freeze.month_start = sheets.month_start
        where
            at_freeze.is_counted
            and (at_freeze.time_source = 'time_entries' or sheets.person_id is null)

    ),

    {{ time_united('time_slices', ['period_grain', 'period_start', 'person_id', 'work_date']) }}

select
    period_grain,
    period_start,
    person_id,
    work_date,
    {%- for class in activity_classes() %}
        cast(
            sum(case when activity_class = '{{ class }}' then worked_seconds else 0 end) as bigint
        ) as {{ class }}_seconds,
    {%- endfor %}
    cast(sum(worked_seconds) as bigint) as recorded_seconds,
    max(case when is_from_time_sheet then 'time_entries' else 'activities' end) as time_source

from seconds_by_class
group by period_grain, period_start, person_id, work_date

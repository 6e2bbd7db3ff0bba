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

    {{ time_united('time_slices', ['period_grain', 'period_start', 'person_id', 'work_date']) }},

    recorded as (

        select
            period_grain,
            period_start,
            person_id,
            work_date,
            {%- for class in activity_classes() %}
                cast(
                    sum(
                        case when activity_class = '{{ class }}' then worked_seconds else 0 end
                    ) as bigint
                ) as {{ class }}_seconds,
            {%- endfor %}
            cast(sum(worked_seconds) as bigint) as recorded_seconds,
            max(
                case when is_from_time_sheet then 'time_entries' else 'activities' end
            ) as time_source

        from seconds_by_class
        group by period_grain, period_start, person_id, work_date

    ),

    changed_months as (

        select distinct
            days.period_grain,
            days.period_start,
            days.period_end,
            days.person_id,
            calendar.month_start

        from {{ ref('int_time_days_changed_after_freeze') }} as days
        inner join {{ ref('dim_date') }} as calendar on days.work_date = calendar.date_day

    ),

    reps as (

        select
            person_id,
            max(rep_id) as rep_id,
            max(case when is_split_reported then 1 else 0 end) = 1 as is_split_reported

        from {{ ref('int_selling_time_daily') }}
        group by person_id

    ),

    -- All days of the months in which a day was changed after the freeze, with what is known of
    -- the rep now.
    known_days as (

        select months.period_grain, months.period_start, months.period_end, days.*

        from changed_months as months
        inner join {{ ref('dim_date') }} as calendar on months.month_start = calendar.month_start
        inner join
            {{ ref('int_selling_time_daily') }} as days
            on months.person_id = days.person_id
            and calendar.date_day = days.date_day

    ),

    -- On a day that nothing is known of any more something may have been recorded.
    forgotten_days as (

        select
            recorded.period_grain,
            recorded.period_start,
            changed.period_end,
            recorded.person_id,
            recorded.work_date as date_day,
            reps.rep_id,
            reps.is_split_reported

        from recorded
        inner join reps on recorded.person_id = reps.person_id
        inner join
            {{ ref('int_time_days_changed_after_freeze') }} as changed
            on recorded.period_grain = changed.period_grain
            and recorded.person_id = changed.person_id
            and recorded.work_date = changed.work_date
        left join
            {{ ref('int_selling_time_daily') }} as known
            on recorded.person_id = known.person_id
            and recorded.work_date = known.date_day
        where known.person_id is null

    ),

    days as (

        select
            period_grain,
            period_start,
            period_end,
            person_id,
            date_day,
            rep_id,
            branch_id,
            team_id,
            territory_id,
            scheduled_seconds,
            holiday_seconds,
            leave_seconds,
            available_seconds,
            is_split_reported

        from known_days

        union all

        select
            period_grain,
            period_start,
            period_end,
            person_id,
            date_day,
            rep_id,
            'unknown' as branch_id,
            'unknown' as team_id,
            'unknown' as territory_id,
            cast(0 as bigint) as scheduled_seconds,
            cast(0 as bigint) as holiday_seconds,
            cast(0 as bigint) as leave_seconds,
            cast(0 as bigint) as available_seconds,
            is_split_reported

        from forgotten_days

    ),

    -- Days that were not changed after the freeze are what they are now.
    counted_days as (

        select
            days.*,
            {%- for column in columns_of_recorded_time() %}
                coalesce(
                    case
                        when changed.person_id is null
                        then known.{{ column }}
                        else recorded.{{ column }}
                    end,
                    0
                ) as {{ column }},
            {%- endfor %}
            case
                when changed.person_id is null then known.time_source else recorded.time_source
            end as time_source

        from days
        left join
            {{ ref('int_time_days_changed_after_freeze') }} as changed
            on days.period_grain = changed.period_grain
            and days.person_id = changed.person_id
            and days.date_day = changed.work_date
        left join
            recorded
            on days.period_grain = recorded.period_grain
            and days.person_id = recorded.person_id
            and days.date_day = recorded.work_date
        left join
            {{ ref('int_selling_time_daily') }} as known
            on days.person_id = known.person_id
            and days.date_day = known.date_day

    )

select
    period_grain,
    period_start,
    period_end,
    person_id,
    date_day,
    rep_id,
    branch_id,
    team_id,
    territory_id,
    scheduled_seconds,
    holiday_seconds,
    leave_seconds,
    available_seconds,
    {%- for column in columns_of_recorded_time() %} {{ column }}, {%- endfor %}
    greatest(available_seconds - recorded_seconds, 0) as unrecorded_seconds,
    time_source,
    is_split_reported
    and (recorded_seconds = 0 or recorded_seconds > unclassified_seconds) as is_split_known

from counted_days

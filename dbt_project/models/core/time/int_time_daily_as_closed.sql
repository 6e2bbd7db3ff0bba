with

    settings as (select time_zone from {{ ref('stg_company__settings') }}),

    misheard_people as (select distinct person_id from {{ ref('int_time_days_misheard') }}),

    -- All that was told of these people, and when.
    versions as (

        select told.*

        from {{ ref('int_time_versions') }} as told
        inner join misheard_people on told.person_id = misheard_people.person_id

    ),

    versions_by_day as (

        select *, {{ each_day('started_on', 'coalesce(ended_on, started_on)') }} as work_date

        from versions

    ),

    heard_versions as (

        select days.period_grain, days.period_start, calendar.month_start, versions.*

        from {{ ref('int_time_days_misheard') }} as days
        inner join
            versions_by_day as versions
            on days.person_id = versions.person_id
            and days.work_date = versions.work_date
            and days.frozen_on >= versions.known_from_date
            and days.frozen_on < versions.known_until_date
        inner join {{ ref('dim_date') }} as calendar on days.work_date = calendar.date_day

    ),

    -- As in int_time_sheet_months: of a person and month with an entry, be it one that cannot be
    -- right, no activities count.
    heard_sheets as (

        select distinct
            days.period_grain, days.period_start, versions.person_id, calendar.month_start

        from {{ ref('int_time_days_misheard') }} as days
        inner join {{ ref('dim_date') }} as calendar on days.work_date = calendar.date_day
        inner join
            {{ ref('dim_date') }} as days_of_month
            on calendar.month_start = days_of_month.month_start
        inner join
            versions_by_day as versions
            on days.person_id = versions.person_id
            and days_of_month.date_day = versions.work_date
            and days.frozen_on >= versions.known_from_date
            and days.frozen_on < versions.known_until_date
        where versions.time_source = 'time_entries'

    ),

    pieces as (

        select
            heard.period_grain,
            heard.period_start,
            heard.person_id,
            heard.work_date,
            heard.activity_class,
            heard.time_source = 'time_entries' as is_from_time_sheet,
            case
                when heard.work_date = heard.started_on
                then heard.started_at
                else {{ start_of_day('heard.work_date', 'settings.time_zone') }}
            end as started_at,
            case
                when heard.work_date = heard.ended_on
                then heard.ended_at
                else {{ start_of_day(plus_days('heard.work_date', 1), 'settings.time_zone') }}
            end as ended_at

        from heard_versions as heard
        cross join settings
        left join
            heard_sheets as sheets
            on heard.period_grain = sheets.period_grain
            and heard.period_start = sheets.period_start
            and heard.person_id = sheets.person_id
            and heard.month_start = sheets.month_start
        where heard.is_counted and (heard.time_source = 'time_entries' or sheets.person_id is null)

    ),

    {{ time_united('pieces', ['period_grain', 'period_start', 'person_id', 'work_date']) }},

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

    misheard_months as (

        select distinct
            days.period_grain,
            days.period_start,
            days.period_end,
            days.person_id,
            calendar.month_start

        from {{ ref('int_time_days_misheard') }} as days
        inner join {{ ref('dim_date') }} as calendar on days.work_date = calendar.date_day

    ),

    sellers as (

        select
            person_id,
            max(seller_id) as seller_id,
            max(case when is_split_told then 1 else 0 end) = 1 as is_split_told

        from {{ ref('int_selling_time_daily') }}
        group by person_id

    ),

    -- All days of the months in which a day was misheard, with what is known of the seller now.
    known_days as (

        select months.period_grain, months.period_start, months.period_end, days.*

        from misheard_months as months
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
            misheard.period_end,
            recorded.person_id,
            recorded.work_date as date_day,
            sellers.seller_id,
            sellers.is_split_told

        from recorded
        inner join sellers on recorded.person_id = sellers.person_id
        inner join
            {{ ref('int_time_days_misheard') }} as misheard
            on recorded.period_grain = misheard.period_grain
            and recorded.person_id = misheard.person_id
            and recorded.work_date = misheard.work_date
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
            seller_id,
            branch_id,
            team_id,
            territory_id,
            scheduled_seconds,
            holiday_seconds,
            leave_seconds,
            available_seconds,
            is_split_told

        from known_days

        union all

        select
            period_grain,
            period_start,
            period_end,
            person_id,
            date_day,
            seller_id,
            'unknown' as branch_id,
            'unknown' as team_id,
            'unknown' as territory_id,
            cast(0 as bigint) as scheduled_seconds,
            cast(0 as bigint) as holiday_seconds,
            cast(0 as bigint) as leave_seconds,
            cast(0 as bigint) as available_seconds,
            is_split_told

        from forgotten_days

    ),

    -- Days that were not misheard are what they are now.
    counted_days as (

        select
            days.*,
            {%- for column in columns_of_recorded_time() %}
                coalesce(
                    case
                        when misheard.person_id is null
                        then known.{{ column }}
                        else recorded.{{ column }}
                    end,
                    0
                ) as {{ column }},
            {%- endfor %}
            case
                when misheard.person_id is null then known.time_source else recorded.time_source
            end as time_source

        from days
        left join
            {{ ref('int_time_days_misheard') }} as misheard
            on days.period_grain = misheard.period_grain
            and days.person_id = misheard.person_id
            and days.date_day = misheard.work_date
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
    seller_id,
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
    is_split_told
    and (recorded_seconds = 0 or recorded_seconds > unclassified_seconds) as is_split_known

from counted_days

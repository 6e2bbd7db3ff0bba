{%- set edges = ['opens', 'break_starts', 'break_ends', 'closes'] -%}
with

    settings as (select time_zone from {{ ref('stg_company__settings') }}),

    -- HR's holidays of a country are of people, whose branch may be in several.
    hr_holidays as (

        select distinct branch_id, holiday_date

        from {{ ref('stg_hr__holidays') }}
        where branch_id is not null

    ),

    branches as (

        select branch_id
        from {{ ref('stg_company__branch_days') }}
        union distinct
        select branch_id
        from hr_holidays

    ),

    -- A branch without days off of its own works when the company does, and needs no rows.
    days as (

        select 'all' as business_calendar_id, date_day, iso_weekday, is_business_day

        from {{ ref('dim_date') }}

        union all

        select
            branches.branch_id as business_calendar_id,
            calendar.date_day,
            calendar.iso_weekday,
            hr_holidays.holiday_date is null
            and coalesce(
                not (own_days.is_weekend or own_days.is_holiday), calendar.is_business_day
            ) as is_business_day

        from branches
        cross join {{ ref('dim_date') }} as calendar
        left join
            {{ ref('stg_company__branch_days') }} as own_days
            on branches.branch_id = own_days.branch_id
            and calendar.date_day = own_days.date_day
        left join
            hr_holidays
            on branches.branch_id = hr_holidays.branch_id
            and calendar.date_day = hr_holidays.holiday_date

    ),

    -- A day without work opens and closes at its midnight.
    days_with_hours as (

        select
            days.business_calendar_id,
            days.date_day,
            {%- for edge in edges %}
                coalesce(
                    case when days.is_business_day then hours.{{ edge }}_minute end, 0
                ) as {{ edge }}_minute,
            {%- endfor %}
            settings.time_zone

        from days
        cross join settings
        left join
            {{ ref('stg_company__business_hours') }} as hours
            on days.iso_weekday = hours.iso_weekday
            and days.date_day >= hours.valid_from_date
            and days.date_day < hours.valid_to_date

    ),

    -- Where the zone changes, a day can end before the clock of its own zone shows midnight.
    moments as (

        select
            business_calendar_id,
            date_day,
            {%- for edge in edges %}
                least(
                    {{ moment_on_clock('date_day', edge ~ '_minute', 'time_zone') }},
                    {{ start_of_day(plus_days('date_day', 1), 'time_zone') }}
                ) as {{ edge }}_at{{ ',' if not loop.last }}
            {%- endfor %}

        from days_with_hours

    ),

    measured as (

        select
            *,
            {{ seconds_between('opens_at', 'closes_at') }}
            - {{ seconds_between('break_starts_at', 'break_ends_at') }} as business_seconds

        from moments

    )

select
    business_calendar_id,
    date_day,
    opens_at,
    break_starts_at,
    break_ends_at,
    closes_at,
    cast(business_seconds as bigint) as business_seconds,
    cast(
        coalesce(
            sum(business_seconds) over (
                partition by business_calendar_id
                order by date_day
                rows between unbounded preceding and 1 preceding
            ),
            0
        ) as bigint
    ) as business_seconds_before

from measured

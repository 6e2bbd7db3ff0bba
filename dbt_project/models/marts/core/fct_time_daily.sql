-- noqa: disable=LT02,LT05,ST06
with

settings as (

    select time_zone

    from {{ ref('stg_company__settings') }}

),

activities as (

    select
        people.person_id,
        activities.activity_class,
        activities.started_at,
        activities.ended_at,
        activities.activity_date as started_on,
        {{ business_date("activities.ended_at - interval '1' microsecond", 'settings.time_zone') }} as ended_on

    from {{ ref('fct_activity') }} as activities
    cross join settings
    inner join {{ ref('bridge_person') }} as people
        on
            people.system_name = 'crm'
            and activities.sales_rep_id = people.system_person_id
    where activities.is_counted_as_time

),

entries as (

    select
        person_id,
        activity_class,
        started_at,
        ended_at,
        started_on,
        ended_on,
        true as is_from_time_sheet

    from {{ ref('int_time_entries_judged') }}
    where
        problem is null
        and entry_seconds > 0

    union all

    select
        person_id,
        activity_class,
        started_at,
        ended_at,
        started_on,
        ended_on,
        false as is_from_time_sheet

    from activities

),

-- An entry over midnight counts on both days.
daily_pieces as (

    select
        person_id,
        started_on as work_date,
        activity_class,
        started_at,
        ended_at,
        is_from_time_sheet

    from entries
    where started_on = ended_on

    union all

    select
        entries.person_id,
        calendar.date_day as work_date,
        entries.activity_class,
        greatest(entries.started_at, {{ start_of_day('calendar.date_day', 'settings.time_zone') }}) as started_at,
        least(
            entries.ended_at, {{ start_of_day(plus_days('calendar.date_day', 1), 'settings.time_zone') }}
        ) as ended_at,
        entries.is_from_time_sheet

    from entries
    cross join settings
    inner join {{ ref('dim_date') }} as calendar
        on
            entries.started_on <= calendar.date_day
            and entries.ended_on >= calendar.date_day
    where entries.started_on <> entries.ended_on

),

people_with_activities as (

    select distinct person_id

    from activities

),

-- Whoever wrote down an hour in a month has a time sheet for it, also where the entry cannot be right.
days_with_entries as (

    select
        entries.person_id,
        entries.started_on as work_date

    from {{ ref('int_time_entries_judged') }} as entries
    inner join people_with_activities on entries.person_id = people_with_activities.person_id

    union

    select
        entries.person_id,
        entries.ended_on as work_date

    from {{ ref('int_time_entries_judged') }} as entries
    inner join people_with_activities on entries.person_id = people_with_activities.person_id

),

time_sheets as (

    select distinct
        days.person_id,
        calendar.month_start

    from days_with_entries as days
    inner join {{ ref('dim_date') }} as calendar on days.work_date = calendar.date_day

),

heard_pieces as (

    select *

    from daily_pieces
    where is_from_time_sheet

    union all

    select pieces.*

    from daily_pieces as pieces
    inner join {{ ref('dim_date') }} as calendar on pieces.work_date = calendar.date_day
    left join time_sheets
        on
            pieces.person_id = time_sheets.person_id
            and calendar.month_start = time_sheets.month_start
    where
        not pieces.is_from_time_sheet
        and time_sheets.person_id is null

),

ordered_pieces as (

    select
        *,
        max(ended_at) over (
            partition by person_id, work_date
            order by started_at, ended_at
            rows between unbounded preceding and 1 preceding
        ) as latest_end_before

    from heard_pieces

),

-- Most days have no overlap; only the others need a closer look.
pieces as (

    select
        *,
        max(case when latest_end_before > started_at then 1 else 0 end) over (
            partition by person_id, work_date
        ) = 1 as is_on_overlapping_day

    from ordered_pieces

),

-- Where entries overlap, each stretch between two moments counts once, for the class that comes first.
moments as (

    select
        person_id,
        work_date,
        activity_class,
        is_from_time_sheet,
        started_at as moment,
        1 as change

    from pieces
    where is_on_overlapping_day

    union all

    select
        person_id,
        work_date,
        activity_class,
        is_from_time_sheet,
        ended_at as moment,
        -1 as change

    from pieces
    where is_on_overlapping_day

),

running as (

    select
        person_id,
        work_date,
        is_from_time_sheet,
        moment,
        {%- for class in activity_classes() %}
        sum(case when activity_class = '{{ class }}' then change else 0 end) over running_count
            as {{ class }}_entries,
        {%- endfor %}
        lead(moment) over (partition by person_id, work_date order by moment) as next_moment

    from moments
    window running_count as (
        partition by person_id, work_date
        order by moment
    )

),

stretches as (

    select
        person_id,
        work_date,
        is_from_time_sheet,
        case
            {%- for class in activity_classes() %}
            when {{ class }}_entries > 0 then '{{ class }}'
            {%- endfor %}
        end as activity_class,
        {{ seconds_between('moment', 'next_moment') }} as stretch_seconds

    from running
    where next_moment > moment

),

seconds_by_class as (

    select
        person_id,
        work_date,
        is_from_time_sheet,
        activity_class,
        {{ seconds_between('started_at', 'ended_at') }} as stretch_seconds

    from pieces
    where not is_on_overlapping_day

    union all

    select
        person_id,
        work_date,
        is_from_time_sheet,
        activity_class,
        stretch_seconds

    from stretches
    where activity_class is not null

)

select
    seconds.person_id,
    {{ or_unknown('people.sales_rep_id') }} as sales_rep_id,
    seconds.work_date,
    seconds.activity_class,
    case when seconds.is_from_time_sheet then 'time_entries' else 'activities' end as time_source,
    cast(sum(seconds.stretch_seconds) as bigint) as worked_seconds

from seconds_by_class as seconds
left join {{ ref('dim_person') }} as people on seconds.person_id = people.person_id
group by
    seconds.person_id,
    people.sales_rep_id,
    seconds.work_date,
    seconds.activity_class,
    seconds.is_from_time_sheet

-- noqa: disable=LT02,LT05,ST06
with

entries as (

    select
        person_id,
        activity_class,
        started_at,
        ended_at,
        started_on,
        ended_on

    from {{ ref('int_time_entries_judged') }}
    where
        problem is null
        and entry_seconds > 0

),

settings as (

    select time_zone

    from {{ ref('stg_company__settings') }}

),

-- An entry over midnight counts on both days.
daily_pieces as (

    select
        person_id,
        started_on as work_date,
        activity_class,
        started_at,
        ended_at

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
        ) as ended_at

    from entries
    cross join settings
    inner join {{ ref('dim_date') }} as calendar
        on
            entries.started_on <= calendar.date_day
            and entries.ended_on >= calendar.date_day
    where entries.started_on <> entries.ended_on

),

-- Most days have no overlap, and sorting a person's day once shows which have one.
ordered_pieces as (

    select
        *,
        max(ended_at) over (
            partition by person_id, work_date
            order by started_at, ended_at
            rows between unbounded preceding and 1 preceding
        ) as latest_end_before

    from daily_pieces

),

overlapping_days as (

    select distinct
        person_id,
        work_date

    from ordered_pieces
    where latest_end_before > started_at

),

-- Where entries overlap, each stretch between two moments counts once, for the class that comes first.
moments as (

    select
        pieces.person_id,
        pieces.work_date,
        pieces.activity_class,
        pieces.started_at as moment,
        1 as change

    from daily_pieces as pieces
    inner join overlapping_days as days
        on
            pieces.person_id = days.person_id
            and pieces.work_date = days.work_date

    union all

    select
        pieces.person_id,
        pieces.work_date,
        pieces.activity_class,
        pieces.ended_at as moment,
        -1 as change

    from daily_pieces as pieces
    inner join overlapping_days as days
        on
            pieces.person_id = days.person_id
            and pieces.work_date = days.work_date

),

running as (

    select
        person_id,
        work_date,
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
        pieces.person_id,
        pieces.work_date,
        pieces.activity_class,
        {{ seconds_between('pieces.started_at', 'pieces.ended_at') }} as stretch_seconds

    from daily_pieces as pieces
    left join overlapping_days as days
        on
            pieces.person_id = days.person_id
            and pieces.work_date = days.work_date
    where days.person_id is null

    union all

    select
        person_id,
        work_date,
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
    'time_entries' as time_source,
    cast(sum(seconds.stretch_seconds) as bigint) as worked_seconds

from seconds_by_class as seconds
left join {{ ref('dim_person') }} as people on seconds.person_id = people.person_id
group by
    seconds.person_id,
    people.sales_rep_id,
    seconds.work_date,
    seconds.activity_class

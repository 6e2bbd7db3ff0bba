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
        started_at as moment,
        1 as change

    from pieces
    where is_on_overlapping_day

    union all

    select
        person_id,
        work_date,
        activity_class,
        ended_at as moment,
        -1 as change

    from pieces
    where is_on_overlapping_day

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
        person_id,
        work_date,
        activity_class,
        {{ seconds_between('started_at', 'ended_at') }} as stretch_seconds

    from pieces
    where not is_on_overlapping_day

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

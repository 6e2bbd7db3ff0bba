{{ config(pre_hook="{{ join_as_written() }}", post_hook="{{ join_as_estimated() }}") }}
-- noqa: disable=LT02,LT05,ST06
with

-- One piece has nothing to overlap with, and of two the ends tell; only the others need sorting.
crowded_days as (

    select
        person_id,
        work_date,
        count(*) as pieces

    from {{ ref('int_time_pieces') }}
    group by
        person_id,
        work_date
    having
        count(*) > 2
        or (
            count(*) = 2
            and max(started_at) < min(ended_at)
        )

),

crowded_pieces as (

    select
        pieces.person_id,
        pieces.work_date,
        pieces.started_at,
        max(pieces.ended_at) over (
            partition by pieces.person_id, pieces.work_date
            order by pieces.started_at, pieces.ended_at
            rows between unbounded preceding and 1 preceding
        ) as latest_end_before

    from {{ ref('int_time_pieces') }} as pieces
    inner join crowded_days
        on
            pieces.person_id = crowded_days.person_id
            and pieces.work_date = crowded_days.work_date
    where crowded_days.pieces > 2

),

overlapping_days as (

    select
        person_id,
        work_date

    from crowded_days
    where pieces = 2

    union distinct

    select
        person_id,
        work_date

    from crowded_pieces
    where latest_end_before > started_at

),

overlapping_pieces as (

    select pieces.*

    from {{ ref('int_time_pieces') }} as pieces
    inner join overlapping_days
        on
            pieces.person_id = overlapping_days.person_id
            and pieces.work_date = overlapping_days.work_date

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

    from overlapping_pieces

    union all

    select
        person_id,
        work_date,
        activity_class,
        is_from_time_sheet,
        ended_at as moment,
        -1 as change

    from overlapping_pieces

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
        {{ microseconds_between('moment', 'next_moment') }} as stretch_microseconds

    from running
    where next_moment > moment

),

counted_stretches as (

    select
        pieces.person_id,
        pieces.work_date,
        pieces.is_from_time_sheet,
        pieces.activity_class,
        {{ microseconds_between('pieces.started_at', 'pieces.ended_at') }} as stretch_microseconds

    from {{ ref('int_time_pieces') }} as pieces
    left join overlapping_days
        on
            pieces.person_id = overlapping_days.person_id
            and pieces.work_date = overlapping_days.work_date
    where overlapping_days.person_id is null

    union all

    select
        person_id,
        work_date,
        is_from_time_sheet,
        activity_class,
        stretch_microseconds

    from stretches
    where activity_class is not null

),

-- Rounded once: seconds cut off each entry would make three of 7.333333 hours less than 22.
seconds_by_class as (

    select
        person_id,
        work_date,
        is_from_time_sheet,
        activity_class,
        cast({{ whole_quotient('sum(stretch_microseconds) + 500000', 1000000) }} as bigint) as worked_seconds

    from counted_stretches
    group by
        person_id,
        work_date,
        is_from_time_sheet,
        activity_class

)

select
    seconds.person_id,
    {{ or_unknown('people.sales_rep_id') }} as sales_rep_id,
    seconds.work_date,
    seconds.activity_class,
    case when seconds.is_from_time_sheet then 'time_entries' else 'activities' end as time_source,
    seconds.worked_seconds

from seconds_by_class as seconds
left join {{ ref('dim_person') }} as people on seconds.person_id = people.person_id

{#
    Recorded time with its business days, and what is wrong with it: CTEs for the models of what is known
    now and of what was known when a period was frozen.

    Arguments:
        relation: time entries, or activities, as staging has them or their history.
        history_columns: columns of the history to hand through.
#}
{% macro time_entries_validated(relation, history_columns=[]) %}
-- Dates come before any join: beside a constant, a zone is looked up once, and not for each entry.
dated_entries as (

    select
        entries.time_entry_id,
        entries.worker_id,
        entries.started_at,
        entries.ended_at,
        coalesce(entries.activity_class, 'unclassified') as activity_class,
        {%- for column in history_columns %}
        entries.{{ column }},
        {%- endfor %}
        {{ business_date('entries.started_at', 'settings.time_zone') }} as started_date,
        -- An entry that ends at midnight ends with the day before.
        {{ business_date("entries.ended_at - interval '1' microsecond", 'settings.time_zone') }} as ended_date,
        {{ seconds_between('entries.started_at', 'entries.ended_at') }} as entry_seconds

    from {{ relation }} as entries
    cross join {{ ref('stg_company__settings') }} as settings

),

validated_entries as (

    select
        entries.*,
        people.person_id,
        case
            when people.person_id is null then 'unknown_worker'
            when entries.ended_at is null then 'missing_clock_out'
            when entries.entry_seconds > 86400 then 'longer_than_a_day'
        end as problem

    from dated_entries as entries
    left join {{ ref('bridge_person') }} as people
        on
            people.system_name = 'hr'
            and entries.worker_id = people.system_person_id

)
{%- endmacro %}


{% macro activities_validated(relation) %}
-- Where a system does not say who took part, those of a deal or an account were with customers.
activities as (

    select
        activities.*,
        {{ business_date('activities.started_at', 'settings.time_zone') }} as activity_date,
        coalesce(
            activities.ended_at,
            {{ plus_seconds(
                'activities.started_at', 'cast(round(60 * activities.duration_minutes) as bigint)'
            ) }}
        ) as known_ended_at,
        coalesce(
            activities.has_external_participants,
            activities.opportunity_id is not null or activities.account_id is not null
        ) as is_with_customers,
        warehouse.as_of_at,
        warehouse.as_of_date

    from {{ relation }} as activities
    cross join {{ ref('stg_company__settings') }} as settings
    cross join {{ ref('dim_as_of') }} as warehouse

),

timed_activities as (

    select
        *,
        {{ seconds_between('started_at', 'known_ended_at') }} as activity_seconds

    from activities

),

-- Calendars do not say whether a meeting was held, so one that has passed was. What fills a day is a
-- note in the calendar, such as a trade fair or a birthday, and not time that somebody worked.
validated_activities as (

    select
        *,
        case
            when activity_status = 'cancelled' then 'cancelled'
            when is_automatic then 'automatic'
            when coalesce(known_ended_at, started_at) > as_of_at then 'not_held_yet'
            when coalesce(activity_seconds, 0) = 0 then 'no_duration'
            when activity_seconds >= 86400 then 'fills_a_day'
        end as problem

    from timed_activities

)
{%- endmacro %}


{#
    Seconds of each class that time slices of time come to, each moment of a person and day once: CTEs, of which
    the last is seconds_by_class.

    Arguments:
        time_slices: the relation of time slices, as int_time_slices has them.
        keys: what says whose day a time slice is of.
#}
{% macro time_united(time_slices, keys) %}
-- One time slice has nothing to overlap with, and of two the ends tell; only the others need sorting.
crowded_days as (

    select
        {{ keys | join(', ') }},
        count(*) as time_slices

    from {{ time_slices }}
    group by
        {{ keys | join(', ') }}
    having
        count(*) > 2
        or (
            count(*) = 2
            and max(started_at) < min(ended_at)
        )

),

crowded_time_slices as (

    select
        {{ prefixed('time_slices', keys) }},
        time_slices.started_at,
        max(time_slices.ended_at) over (
            partition by {{ prefixed('time_slices', keys) }}
            order by time_slices.started_at, time_slices.ended_at
            rows between unbounded preceding and 1 preceding
        ) as latest_end_before

    from {{ time_slices }} as time_slices
    inner join crowded_days
        on
            {{ equal_keys('time_slices', 'crowded_days', keys) }}
    where crowded_days.time_slices > 2

),

overlapping_days as (

    select
        {{ keys | join(', ') }}

    from crowded_days
    where time_slices = 2

    union distinct

    select
        {{ keys | join(', ') }}

    from crowded_time_slices
    where latest_end_before > started_at

),

overlapping_time_slices as (

    select time_slices.*

    from {{ time_slices }} as time_slices
    inner join overlapping_days
        on
            {{ equal_keys('time_slices', 'overlapping_days', keys) }}

),

-- Where entries overlap, each interval between two moments counts once, for the class that comes first.
moments as (

    select
        {{ keys | join(', ') }},
        activity_class,
        is_from_time_sheet,
        started_at as moment,
        1 as change

    from overlapping_time_slices

    union all

    select
        {{ keys | join(', ') }},
        activity_class,
        is_from_time_sheet,
        ended_at as moment,
        -1 as change

    from overlapping_time_slices

),

running as (

    select
        {{ keys | join(', ') }},
        is_from_time_sheet,
        moment,
        {%- for class in activity_classes() %}
        sum(case when activity_class = '{{ class }}' then change else 0 end) over running_count
            as {{ class }}_entries,
        {%- endfor %}
        lead(moment) over (partition by {{ keys | join(', ') }} order by moment) as next_moment

    from moments
    window running_count as (
        partition by {{ keys | join(', ') }}
        order by moment
    )

),

intervals as (

    select
        {{ keys | join(', ') }},
        is_from_time_sheet,
        case
            {%- for class in activity_classes() %}
            when {{ class }}_entries > 0 then '{{ class }}'
            {%- endfor %}
        end as activity_class,
        {{ microseconds_between('moment', 'next_moment') }} as interval_microseconds

    from running
    where next_moment > moment

),

counted_intervals as (

    select
        {{ prefixed('time_slices', keys) }},
        time_slices.is_from_time_sheet,
        time_slices.activity_class,
        {{ microseconds_between('time_slices.started_at', 'time_slices.ended_at') }} as interval_microseconds

    from {{ time_slices }} as time_slices
    left join overlapping_days
        on
            {{ equal_keys('time_slices', 'overlapping_days', keys) }}
    where overlapping_days.{{ keys[0] }} is null

    union all

    select
        {{ keys | join(', ') }},
        is_from_time_sheet,
        activity_class,
        interval_microseconds

    from intervals
    where activity_class is not null

),

-- Rounded once: seconds cut off each entry would make three of 7.333333 hours less than 22.
seconds_by_class as (

    select
        {{ keys | join(', ') }},
        is_from_time_sheet,
        activity_class,
        cast({{ whole_quotient('sum(interval_microseconds) + 500000', 1000000) }} as bigint) as worked_seconds

    from counted_intervals
    group by
        {{ keys | join(', ') }},
        is_from_time_sheet,
        activity_class

)
{%- endmacro %}

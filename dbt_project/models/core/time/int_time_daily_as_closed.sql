with

    recorded as (select * from {{ ref('int_time_daily_at_freeze') }}),

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

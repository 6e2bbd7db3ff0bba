{{ config(pre_hook="{{ join_as_written() }}", post_hook="{{ join_as_estimated() }}") }}
with

    reps as (

        select
            employees.person_id,
            max(employees.person_key) as person_key,
            max(employees.sales_rep_id) as sales_rep_id

        from {{ ref('dim_employee') }} as employees
        where employees.is_sales or employees.sales_fte > 0
        group by employees.person_id

    ),

    recorded_time as (

        select
            recorded.person_id,
            recorded.work_date,
            {%- for class in activity_classes() %}
                cast(
                    sum(
                        case
                            when recorded.activity_class = '{{ class }}'
                            then recorded.worked_seconds
                            else 0
                        end
                    ) as bigint
                ) as {{ class }}_seconds,
            {%- endfor %}
            cast(sum(recorded.worked_seconds) as bigint) as recorded_seconds,
            max(recorded.time_source) as time_source

        from {{ ref('fct_time_daily') }} as recorded
        inner join reps on recorded.person_id = reps.person_id
        group by recorded.person_id, recorded.work_date

    ),

    capacity_and_time as (

        select
            coalesce(capacity.person_id, recorded.person_id) as person_id,
            coalesce(capacity.date_day, recorded.work_date) as date_day,
            capacity.person_id is not null as has_position,
            capacity.branch_id,
            capacity.team_id,
            capacity.territory_id,
            coalesce(capacity.scheduled_seconds, 0) as scheduled_seconds,
            coalesce(capacity.holiday_seconds, 0) as holiday_seconds,
            coalesce(capacity.leave_seconds, 0) as leave_seconds,
            {%- for class in activity_classes() %}
                coalesce(recorded.{{ class }}_seconds, 0) as {{ class }}_seconds,
            {%- endfor %}
            coalesce(recorded.recorded_seconds, 0) as recorded_seconds,
            recorded.time_source

        from {{ ref('int_capacity_daily') }} as capacity
        full outer join
            recorded_time as recorded
            on capacity.person_id = recorded.person_id
            and capacity.date_day = recorded.work_date

    ),

    -- Whoever only clocks in and out says nothing of what the time went into. Who was a rep only
    -- before time was recorded is none here.
    reps_by_kind as (

        select
            person_id,
            sum(recorded_seconds - unclassified_seconds) > 0 as says_classes,
            sum(recorded_seconds) > 0 as records_time

        from capacity_and_time
        group by person_id
        having max(case when has_position then 1 else 0 end) = 1

    ),

    whole_company as (

        select max(case when says_classes then 1 else 0 end) = 1 as says_classes from reps_by_kind

    )

select
    days.person_id,
    days.date_day,
    coalesce(reps.sales_rep_id, reps.person_key, 'unknown') as rep_id,
    -- What somebody sold on a day without a position counts too, for nobody's team.
    {{ or_unknown('days.branch_id') }} as branch_id,
    {{ or_unknown('days.team_id') }} as team_id,
    {{ or_unknown('days.territory_id') }} as territory_id,
    days.scheduled_seconds,
    days.holiday_seconds,
    days.leave_seconds,
    days.scheduled_seconds - days.holiday_seconds - days.leave_seconds as available_seconds,
    {%- for class in activity_classes() %} days.{{ class }}_seconds, {%- endfor %}
    days.recorded_seconds,
    greatest(
        days.scheduled_seconds - days.holiday_seconds - days.leave_seconds - days.recorded_seconds,
        0
    ) as unrecorded_seconds,
    days.time_source,
    case
        when kinds.records_time then kinds.says_classes else whole_company.says_classes
    end as is_split_reported,
    case
        when not kinds.records_time
        then whole_company.says_classes
        when not kinds.says_classes
        then false
        else days.recorded_seconds = 0 or days.recorded_seconds > days.unclassified_seconds
    end as is_split_known

from capacity_and_time as days
inner join reps_by_kind as kinds on days.person_id = kinds.person_id
inner join reps on days.person_id = reps.person_id
cross join whole_company

-- noqa: disable=LT02,LT05,ST06
with

recorded_time as (

    select
        person_id,
        work_date,
        {%- for class in activity_classes() %}
        cast(sum(case when activity_class = '{{ class }}' then worked_seconds else 0 end) as bigint)
            as {{ class }}_seconds,
        {%- endfor %}
        cast(sum(worked_seconds) as bigint) as recorded_seconds,
        max(time_source) as time_source

    from {{ ref('fct_time_daily') }}
    group by
        person_id,
        work_date

),

sellers as (

    select
        person_id,
        max(person_key) as person_key,
        max(sales_rep_id) as sales_rep_id

    from {{ ref('int_capacity_daily') }}
    group by person_id

),

-- What somebody sold on a day without a position counts too, for nobody's team.
days as (

    select
        sellers.person_id,
        coalesce(capacity.date_day, recorded.work_date) as date_day,
        coalesce(sellers.sales_rep_id, sellers.person_key, 'unknown') as seller_id,
        {{ or_unknown('capacity.branch_id') }} as branch_id,
        {{ or_unknown('capacity.team_id') }} as team_id,
        {{ or_unknown('capacity.territory_id') }} as territory_id,
        coalesce(capacity.scheduled_seconds, 0) as scheduled_seconds,
        coalesce(capacity.holiday_seconds, 0) as holiday_seconds,
        coalesce(capacity.leave_seconds, 0) as leave_seconds,
        coalesce(capacity.scheduled_seconds - capacity.holiday_seconds - capacity.leave_seconds, 0)
            as available_seconds,
        {%- for class in activity_classes() %}
        coalesce(recorded.{{ class }}_seconds, 0) as {{ class }}_seconds,
        {%- endfor %}
        coalesce(recorded.recorded_seconds, 0) as recorded_seconds,
        recorded.time_source

    from {{ ref('int_capacity_daily') }} as capacity
    full outer join recorded_time as recorded
        on
            capacity.person_id = recorded.person_id
            and capacity.date_day = recorded.work_date
    inner join sellers
        on coalesce(capacity.person_id, recorded.person_id) = sellers.person_id

),

-- Whoever only clocks in and out says nothing of what the time went into.
sellers_by_kind as (

    select
        person_id,
        sum(recorded_seconds - unclassified_seconds) > 0 as says_classes,
        sum(recorded_seconds) > 0 as records_time

    from days
    group by person_id

),

whole_company as (

    select max(case when says_classes then 1 else 0 end) = 1 as says_classes

    from sellers_by_kind

)

select
    days.*,
    greatest(days.available_seconds - days.recorded_seconds, 0) as unrecorded_seconds,
    case
        when not kinds.records_time then whole_company.says_classes
        when not kinds.says_classes then false
        else days.recorded_seconds = 0 or days.recorded_seconds > days.unclassified_seconds
    end as is_split_known

from days
inner join sellers_by_kind as kinds on days.person_id = kinds.person_id
cross join whole_company

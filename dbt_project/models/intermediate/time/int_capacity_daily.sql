{{ config(pre_hook="{{ join_as_written() }}", post_hook="{{ join_as_estimated() }}") }}
-- noqa: disable=LT02,LT05,ST06
with

recorded_days as (

    select min(work_date) as first_recorded_on

    from {{ ref('fct_time_daily') }}

),

-- Capacity is asked for where time is recorded at all.
sellers_by_day as (

    select
        employees.person_id,
        employees.person_key,
        employees.worker_id,
        employees.sales_rep_id,
        -- The place of a CRM user is HR's already, where HR has one.
        coalesce(reps.branch_id, employees.branch_id) as branch_id,
        coalesce(reps.team_id, employees.team_id) as team_id,
        coalesce(reps.territory_id, employees.territory_id) as territory_id,
        employees.country,
        employees.fte,
        calendar.date_day,
        calendar.iso_weekday,
        calendar.is_weekend,
        calendar.is_holiday

    from {{ ref('dim_employee') }} as employees
    cross join recorded_days
    cross join {{ ref('int_warehouse_as_of') }} as warehouse
    inner join {{ ref('dim_date') }} as calendar
        on
            employees.valid_from_date <= calendar.date_day
            and employees.valid_to_date > calendar.date_day
            and recorded_days.first_recorded_on <= calendar.date_day
            and warehouse.as_of_date >= calendar.date_day
    left join {{ ref('dim_sales_rep') }} as reps
        on
            employees.sales_rep_id = reps.sales_rep_id
            and calendar.date_day >= reps.valid_from_date
            and calendar.date_day < reps.valid_to_date
    where employees.is_sales

),

schedules as (

    select
        *,
        {{ effective_to_date('worker_id') }} as valid_to_date

    from {{ ref('stg_hr__work_schedules') }}

),

scheduled_days as (

    select
        sellers.*,
        case
            when schedules.schedule_id is not null
                then cast(
                    3600 * case sellers.iso_weekday
                        when 1 then coalesce(schedules.monday_hours, 0)
                        when 2 then coalesce(schedules.tuesday_hours, 0)
                        when 3 then coalesce(schedules.wednesday_hours, 0)
                        when 4 then coalesce(schedules.thursday_hours, 0)
                        when 5 then coalesce(schedules.friday_hours, 0)
                        when 6 then coalesce(schedules.saturday_hours, 0)
                        else coalesce(schedules.sunday_hours, 0)
                    end as bigint
                )
            when sellers.is_weekend then 0
            else cast(60 * settings.standard_day_minutes * sellers.fte as bigint)
        end as scheduled_seconds

    from sellers_by_day as sellers
    cross join {{ ref('stg_company__settings') }} as settings
    left join schedules
        on
            sellers.worker_id = schedules.worker_id
            and sellers.date_day >= schedules.effective_from
            and sellers.date_day < schedules.valid_to_date

),

-- A holiday of HR holds in the places that it names; one without a place holds everywhere.
kept_holidays as (

    select distinct
        days.worker_id,
        days.date_day

    from scheduled_days as days
    inner join {{ ref('stg_hr__holidays') }} as holidays
        on
            days.date_day = holidays.holiday_date
            and (holidays.country is null or days.country = holidays.country)
            and (holidays.branch_id is null or days.branch_id = holidays.branch_id)

),

leave_days as (

    select
        absences.worker_id,
        calendar.date_day,
        -- Leave without hours is leave of the whole day.
        max(case when absences.hours_per_day is null then 1 else 0 end) = 1 as is_whole_day,
        cast(coalesce(sum(absences.hours_per_day), 0) * 3600 as bigint) as leave_seconds

    from {{ ref('stg_hr__leave') }} as absences
    inner join {{ ref('dim_date') }} as calendar
        on
            absences.starts_on <= calendar.date_day
            and absences.ends_on >= calendar.date_day
    where coalesce(absences.leave_status, 'approved') = 'approved'
    group by
        absences.worker_id,
        calendar.date_day

)

select
    days.person_id,
    max(days.person_key) as person_key,
    max(days.sales_rep_id) as sales_rep_id,
    days.date_day,
    max(days.branch_id) as branch_id,
    max(days.team_id) as team_id,
    max(days.territory_id) as territory_id,
    cast(sum(days.scheduled_seconds) as bigint) as scheduled_seconds,
    cast(
        sum(case when days.is_holiday or holidays.worker_id is not null then days.scheduled_seconds else 0 end)
        as bigint
    ) as holiday_seconds,
    cast(
        sum(
            case
                when days.is_holiday or holidays.worker_id is not null then 0
                when absences.is_whole_day then days.scheduled_seconds
                else least(coalesce(absences.leave_seconds, 0), days.scheduled_seconds)
            end
        ) as bigint
    ) as leave_seconds

from scheduled_days as days
left join kept_holidays as holidays
    on
        days.worker_id = holidays.worker_id
        and days.date_day = holidays.date_day
left join leave_days as absences
    on
        days.worker_id = absences.worker_id
        and days.date_day = absences.date_day
group by
    days.person_id,
    days.date_day

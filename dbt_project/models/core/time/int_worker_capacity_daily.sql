{#- A view, which int_selling_time_daily alone reads: writing every day down would take as long. -#}
{{ config(materialized='view') }}
with

    recorded_days as (
        select min(work_date) as first_recorded_date from {{ ref('fct_time_daily') }}
    ),

    people_with_several_records as (

        select person_id

        from {{ ref('dim_employee') }}
        where is_sales
        group by person_id
        having min(worker_id) <> max(worker_id)

    ),

    sales_employees as (

        select
            employees.person_id,
            employees.worker_id,
            employees.sales_rep_id,
            employees.branch_id,
            employees.team_id,
            employees.territory_id,
            coalesce(employees.country, 'unknown') as country,
            employees.fte,
            employees.valid_from_date,
            employees.valid_to_date,
            others.person_id is not null as has_several_records

        from {{ ref('dim_employee') }} as employees
        left join people_with_several_records as others on employees.person_id = others.person_id
        where employees.is_sales

    ),

    -- Capacity is asked for where time is recorded at all.
    reps_by_day as (

        select
            sales_employees.person_id,
            sales_employees.worker_id,
            sales_employees.has_several_records,
            -- The place of a CRM user is HR's already, where HR has one.
            coalesce(reps.branch_id, sales_employees.branch_id) as branch_id,
            coalesce(reps.team_id, sales_employees.team_id) as team_id,
            coalesce(reps.territory_id, sales_employees.territory_id) as territory_id,
            sales_employees.country,
            sales_employees.fte,
            calendar.date_day,
            calendar.iso_weekday,
            coalesce(branch_days.is_weekend, calendar.is_weekend) as is_weekend,
            coalesce(branch_days.is_holiday, calendar.is_holiday) as is_holiday

        from sales_employees
        cross join recorded_days
        cross join {{ ref('dim_as_of') }} as warehouse
        inner join
            {{ ref('dim_date') }} as calendar
            on sales_employees.valid_from_date <= calendar.date_day
            and sales_employees.valid_to_date > calendar.date_day
            and recorded_days.first_recorded_date <= calendar.date_day
            and warehouse.as_of_date >= calendar.date_day
        left join
            {{ ref('dim_sales_rep') }} as reps
            on sales_employees.sales_rep_id = reps.sales_rep_id
            and calendar.date_day >= reps.valid_from_date
            and calendar.date_day < reps.valid_to_date
        left join
            {{ ref('stg_company__branch_days') }} as branch_days
            on coalesce(reps.branch_id, sales_employees.branch_id) = branch_days.branch_id
            and calendar.date_day = branch_days.date_day

    ),

    schedules as (

        select *, {{ effective_to_date('worker_id') }} as valid_to_date

        from {{ ref('stg_hr__work_schedules') }}

    ),

    scheduled_days as (

        select
            days.*,
            case
                when schedules.schedule_id is not null
                then
                    cast(
                        round(
                            3600 * case
                                days.iso_weekday
                                when 1
                                then coalesce(schedules.monday_hours, 0)
                                when 2
                                then coalesce(schedules.tuesday_hours, 0)
                                when 3
                                then coalesce(schedules.wednesday_hours, 0)
                                when 4
                                then coalesce(schedules.thursday_hours, 0)
                                when 5
                                then coalesce(schedules.friday_hours, 0)
                                when 6
                                then coalesce(schedules.saturday_hours, 0)
                                else coalesce(schedules.sunday_hours, 0)
                            end
                        ) as bigint
                    )
                when days.is_weekend
                then 0
                else cast(round(60 * settings.standard_day_minutes * days.fte) as bigint)
            end as scheduled_seconds

        from reps_by_day as days
        cross join {{ ref('stg_company__settings') }} as settings
        left join
            schedules
            on days.worker_id = schedules.worker_id
            and days.date_day >= schedules.effective_from
            and days.date_day < schedules.valid_to_date

    ),

    countries as (select distinct country from sales_employees),

    org_units as (

        select countries.country, branches.branch_id

        from countries
        cross join {{ ref('dim_branch') }} as branches

    ),

    -- A holiday of HR holds in the places that it names; one without a place holds everywhere.
    kept_holidays as (

        select distinct org_units.country, org_units.branch_id, holidays.holiday_date

        from org_units
        inner join
            {{ ref('stg_hr__holidays') }} as holidays
            on (holidays.country is null or org_units.country = holidays.country)
            and (holidays.branch_id is null or org_units.branch_id = holidays.branch_id)

    ),

    records_of_reps as (select distinct worker_id from sales_employees),

    -- Only what is recorded and of reps is asked for, and leave can last for ever.
    days_on_leave as (

        select
            absences.worker_id,
            absences.hours_per_day,
            {{ each_day(
            'greatest(absences.starts_on, recorded_days.first_recorded_date)',
            'least(absences.ends_on, warehouse.as_of_date)'
        ) }} as date_day

        from {{ ref('stg_hr__leave') }} as absences
        cross join recorded_days
        cross join {{ ref('dim_as_of') }} as warehouse
        inner join records_of_reps as records on absences.worker_id = records.worker_id
        where coalesce(absences.leave_status, 'approved') = 'approved'

    ),

    leave_days as (

        select
            worker_id,
            date_day,
            -- Leave without hours is leave of the whole day.
            max(case when hours_per_day is null then 1 else 0 end) = 1 as is_whole_day,
            cast(round(coalesce(sum(hours_per_day), 0) * 3600) as bigint) as leave_seconds

        from days_on_leave
        group by worker_id, date_day

    )

select
    days.person_id,
    days.worker_id,
    days.has_several_records,
    days.date_day,
    days.branch_id,
    days.team_id,
    days.territory_id,
    days.scheduled_seconds,
    case
        when days.is_holiday or holidays.holiday_date is not null then days.scheduled_seconds else 0
    end as holiday_seconds,
    case
        when days.is_holiday or holidays.holiday_date is not null
        then 0
        when absences.is_whole_day
        then days.scheduled_seconds
        else least(coalesce(absences.leave_seconds, 0), days.scheduled_seconds)
    end as leave_seconds

from scheduled_days as days
left join
    kept_holidays as holidays
    on days.date_day = holidays.holiday_date
    and days.country = holidays.country
    and days.branch_id = holidays.branch_id
left join
    leave_days as absences
    on days.worker_id = absences.worker_id
    and days.date_day = absences.date_day

{#- A view, which int_selling_time_daily alone reads: writing every day down would take as long. -#}
{{ config(materialized='view') }}
with

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
            end as worked_seconds

        from {{ ref('int_worker_days') }} as days
        cross join {{ ref('stg_company__settings') }} as settings
        left join
            schedules
            on days.worker_id = schedules.worker_id
            and days.date_day >= schedules.effective_from
            and days.date_day < schedules.valid_to_date

    ),

    -- Schedules and leave are of the person; a job that does not sell takes its share of them.
    sales_days as (

        select
            *,
            coalesce(
                cast(round(worked_seconds * sales_share) as bigint), worked_seconds
            ) as scheduled_seconds

        from scheduled_days

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
        else
            least(
                coalesce(
                    cast(round(absences.leave_seconds * days.sales_share) as bigint),
                    absences.leave_seconds,
                    0
                ),
                days.scheduled_seconds
            )
    end as leave_seconds

from sales_days as days
left join
    {{ ref('int_holidays_attributed') }} as holidays
    on days.date_day = holidays.holiday_date
    and days.country = holidays.country
    and days.branch_id = holidays.branch_id
left join
    {{ ref('int_leave_daily') }} as absences
    on days.worker_id = absences.worker_id
    and days.date_day = absences.date_day

{#- A view: writing every day down would take as long as finding it again. -#}
{{ config(materialized='view') }}
with

    recorded_days as (
        select min(work_date) as first_recorded_date from {{ ref('fct_time_daily') }}
    ),

    people_with_several_records as (

        select person_id

        from {{ ref('dim_employee') }}
        where is_sales or sales_fte > 0
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
            case
                when employees.sales_fte < employees.fte
                then cast(employees.sales_fte / employees.fte as double)
            end as sales_share,
            employees.valid_from_date,
            employees.valid_to_date,
            others.person_id is not null as has_several_records

        from {{ ref('dim_employee') }} as employees
        left join people_with_several_records as others on employees.person_id = others.person_id
        -- Whoever sells in a second job beside a main one that does not has time to sell too.
        where employees.is_sales or employees.sales_fte > 0

    )

-- Capacity is asked for where time is recorded at all.
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
    sales_employees.sales_share,
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

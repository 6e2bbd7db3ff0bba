{{ config(materialized='view') }}

select
    calendar.date_day,
    intervals.person_id,
    intervals.person_key,
    intervals.worker_id,
    intervals.sales_rep_id,
    intervals.branch_id,
    intervals.team_id,
    intervals.territory_id,
    intervals.fte,
    intervals.is_sales,
    intervals.employment_number

from {{ ref('fct_employment_interval') }} as intervals
cross join {{ ref('dim_hr_as_of') }} as hr
inner join
    {{ ref('dim_date') }} as calendar
    on intervals.valid_from_date <= calendar.date_day
    and intervals.valid_to_date > calendar.date_day
    and hr.as_of_date >= calendar.date_day

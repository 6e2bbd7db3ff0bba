{{ config(materialized='view') }}
-- Nearly everybody has one record in HR; adding up the days of all would be most of the cost.
select
    person_id,
    date_day,
    branch_id,
    team_id,
    territory_id,
    scheduled_seconds,
    holiday_seconds,
    leave_seconds

from {{ ref('int_worker_capacity_daily') }}
where not has_several_records

union all

select
    person_id,
    date_day,
    max(branch_id) as branch_id,
    max(team_id) as team_id,
    max(territory_id) as territory_id,
    cast(sum(scheduled_seconds) as bigint) as scheduled_seconds,
    cast(sum(holiday_seconds) as bigint) as holiday_seconds,
    cast(sum(leave_seconds) as bigint) as leave_seconds

from {{ ref('int_worker_capacity_daily') }}
where has_several_records
group by person_id, date_day

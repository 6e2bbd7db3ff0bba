{{ config(materialized='view') }}

with

    days_of_pay as (

        select distinct person_id, paid_on, known_by_date from {{ ref('int_pay_amounts_counted') }}

    )

-- Where HR names no unit, that of the CRM counts; whoever has a user there and no record in HR
-- sells.
select
    days_of_pay.person_id,
    days_of_pay.paid_on,
    days_of_pay.known_by_date,
    coalesce(branches.branch_id, reps.branch_id, 'unknown') as branch_id,
    coalesce(teams.team_id, reps.team_id, 'unknown') as team_id,
    coalesce(territories.territory_id, reps.territory_id, 'unknown') as territory_id,
    coalesce(positions.is_sales, reps.sales_rep_id is not null) as is_sales

from days_of_pay
left join
    {{ ref('int_pay_positions') }} as positions
    on days_of_pay.person_id = positions.person_id
    and days_of_pay.paid_on = positions.paid_on
    and days_of_pay.known_by_date = positions.known_by_date
left join
    {{ ref('int_rep_units_reported') }} as reps
    on days_of_pay.person_id = reps.person_id
    and days_of_pay.paid_on >= reps.valid_from_date
    and days_of_pay.paid_on < reps.valid_to_date
    and days_of_pay.known_by_date >= reps.reported_date
left join {{ ref('dim_branch') }} as branches on positions.branch_id = branches.branch_id
left join {{ ref('dim_team') }} as teams on positions.team_id = teams.team_id
left join
    {{ ref('dim_territory') }} as territories on positions.territory_id = territories.territory_id

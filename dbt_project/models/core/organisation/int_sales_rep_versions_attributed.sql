{{ config(materialized='view') }}

with

    settings as (select time_zone from {{ ref('stg_company__settings') }}),

    users as (

        select
            users.user_id as sales_rep_id,
            users.user_name as sales_rep_name,
            users.role,
            users.manager_id,
            users.team_id,
            users.branch_id,
            users.territory_id,
            coalesce(users.is_active, true) and not users.is_vanished as is_active,
            {{ validity('users', 'settings.time_zone') }}

        from {{ ref('stg_crm__users_history') }} as users
        cross join settings

    ),

    positions as (select * from {{ ref('int_sales_rep_positions') }}),

    -- A position that begins or ends after the last known day is a plan.
    days_of_change as (

        select changes.sales_rep_id, changes.change_date

        from
            (
                select sales_rep_id, valid_from_date as change_date

                from positions

                union

                select sales_rep_id, valid_to_date as change_date

                from positions
            ) as changes
        cross join {{ ref('dim_as_of') }} as warehouse
        where
            changes.change_date > {{ open_start_date() }}
            and changes.change_date <= warehouse.as_of_date

    ),

    -- An extract at midnight is of the day before, so it can share its moment with a change of the
    -- day that begins: between the two lies a day, but no time. Hence both, wherever versions are
    -- put in order.
    boundaries as (

        select sales_rep_id, valid_from, valid_from_date

        from users

        union all

        select
            days_of_change.sales_rep_id,
            {{ start_of_day('days_of_change.change_date', 'settings.time_zone') }} as valid_from,
            days_of_change.change_date as valid_from_date

        from days_of_change
        cross join settings

    ),

    -- Of positions held at once, the main one, then that of the latest beginning says where the
    -- person worked.
    held_positions as (

        select
            boundaries.sales_rep_id,
            boundaries.valid_from,
            boundaries.valid_from_date,
            positions.manager_id,
            positions.team_id,
            positions.branch_id,
            positions.territory_id,
            row_number() over (
                partition by
                    boundaries.sales_rep_id, boundaries.valid_from, boundaries.valid_from_date
                order by
                    positions.is_primary desc,
                    positions.valid_from_date desc,
                    positions.employee_key desc
            ) as rank

        from boundaries
        inner join
            positions
            on boundaries.sales_rep_id = positions.sales_rep_id
            and boundaries.valid_from_date >= positions.valid_from_date
            and boundaries.valid_from_date < positions.valid_to_date

    )

-- HR's word goes first; what it does not say is the CRM's to say.
select
    boundaries.sales_rep_id,
    users.sales_rep_name,
    users.role,
    coalesce(held.manager_id, users.manager_id) as manager_id,
    coalesce(held.team_id, users.team_id) as team_id,
    coalesce(held.branch_id, users.branch_id) as branch_id,
    coalesce(held.territory_id, users.territory_id) as territory_id,
    users.is_active,
    boundaries.valid_from,
    boundaries.valid_from_date,
    count(held.rank) over (partition by boundaries.sales_rep_id) > 0 as is_known_to_hr

from boundaries
inner join
    users
    on boundaries.sales_rep_id = users.sales_rep_id
    and boundaries.valid_from >= users.valid_from
    and boundaries.valid_from < users.valid_to
left join
    held_positions as held
    on boundaries.sales_rep_id = held.sales_rep_id
    and boundaries.valid_from = held.valid_from
    and boundaries.valid_from_date = held.valid_from_date
    and held.rank = 1

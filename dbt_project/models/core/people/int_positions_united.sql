{{ config(materialized='view') }}

with

    held_positions as (

        select
            person_id,
            person_key,
            sales_rep_id,
            worker_id,
            branch_id,
            team_id,
            territory_id,
            fte,
            is_sales,
            is_primary,
            valid_from_date,
            valid_to_date,
            2 as preference

        from {{ ref('dim_employee') }}

        union all

        -- Where no position tells more of it.
        select
            accounts.person_id,
            accounts.person_key,
            people.sales_rep_id,
            earlier.worker_id,
            'unknown' as branch_id,
            'unknown' as team_id,
            'unknown' as territory_id,
            cast(1 as decimal(9, 6)) as fte,
            people.sales_rep_id is not null as is_sales,
            true as is_primary,
            earlier.valid_from_date,
            earlier.valid_to_date,
            1 as preference

        from {{ ref('int_earlier_employments') }} as earlier
        inner join
            {{ ref('bridge_person') }} as accounts
            on accounts.system_name = 'hr'
            and earlier.worker_id = accounts.system_person_id
        inner join {{ ref('dim_person') }} as people on accounts.person_id = people.person_id

    ),

    -- A position without an end runs on in HR until the next one begins, also over the time in
    -- between two employments.
    absences as (

        select distinct
            worker_id, valid_to_date as absent_from_date, returned_date as absent_to_date

        from {{ ref('int_earlier_employments') }}

    ),

    moments as (

        select person_id, valid_from_date as moment

        from held_positions

        union distinct

        select person_id, valid_to_date as moment

        from held_positions

        union distinct

        select held.person_id, absences.absent_from_date as moment

        from held_positions as held
        inner join absences on held.worker_id = absences.worker_id

        union distinct

        select held.person_id, absences.absent_to_date as moment

        from held_positions as held
        inner join absences on held.worker_id = absences.worker_id

        union distinct

        -- Where HR names no unit, that of the CRM counts, and changes with it.
        select held.person_id, reps.valid_from_date as moment

        from held_positions as held
        inner join
            {{ ref('dim_sales_rep') }} as reps
            on held.sales_rep_id = reps.sales_rep_id
            and held.valid_from_date < reps.valid_from_date
            and held.valid_to_date > reps.valid_from_date

    ),

    position_intervals as (

        select
            person_id,
            moment as valid_from_date,
            lead(moment) over (partition by person_id order by moment) as valid_to_date

        from moments

    ),

    -- Of two accounts that HR has of one person at a time, the one with the main job counts, then
    -- the one that began last.
    ranked_positions as (

        select
            position_intervals.valid_from_date,
            position_intervals.valid_to_date,
            held.person_id,
            held.person_key,
            held.sales_rep_id,
            held.worker_id,
            held.branch_id,
            held.team_id,
            held.territory_id,
            held.fte,
            held.is_sales,
            row_number() over (
                partition by position_intervals.person_id, position_intervals.valid_from_date
                order by
                    held.preference desc,
                    held.is_primary desc,
                    held.valid_from_date desc,
                    held.worker_id desc
            ) as rank

        from position_intervals
        inner join
            held_positions as held
            on position_intervals.person_id = held.person_id
            and position_intervals.valid_from_date >= held.valid_from_date
            and position_intervals.valid_from_date < held.valid_to_date
        left join
            absences
            on held.worker_id = absences.worker_id
            and position_intervals.valid_from_date >= absences.absent_from_date
            and position_intervals.valid_from_date < absences.absent_to_date
        where position_intervals.valid_to_date is not null and absences.worker_id is null

    )

select
    positions.person_id,
    positions.person_key,
    positions.sales_rep_id,
    positions.worker_id,
    coalesce(nullif(positions.branch_id, 'unknown'), reps.branch_id, 'unknown') as branch_id,
    coalesce(nullif(positions.team_id, 'unknown'), reps.team_id, 'unknown') as team_id,
    coalesce(
        nullif(positions.territory_id, 'unknown'), reps.territory_id, 'unknown'
    ) as territory_id,
    positions.fte,
    positions.is_sales,
    positions.valid_from_date,
    positions.valid_to_date

from ranked_positions as positions
left join
    {{ ref('dim_sales_rep') }} as reps
    on positions.sales_rep_id = reps.sales_rep_id
    and positions.valid_from_date >= reps.valid_from_date
    and positions.valid_from_date < reps.valid_to_date
where positions.rank = 1

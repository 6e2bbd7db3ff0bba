{{ config(materialized='view') }}

with

    -- A second job ends no main one: each ends where the next of its kind begins.
    known_positions as (

        select *, {{ effective_to_date('worker_id, is_main') }} as ends_by_date

        from
            (
                select *, coalesce(is_primary, true) as is_main from {{ ref('stg_hr__positions') }}
            ) as positions

    ),

    -- The days on which somebody may hold a second job alone: before the first main one begins, and
    -- where the main one ended and no other began.
    days_without_main as (

        select worker_id, ends_by_date as without_from_date, next_from_date as without_to_date

        from
            (
                select
                    worker_id,
                    ends_by_date,
                    coalesce(
                        lead(effective_from) over (partition by worker_id order by effective_from),
                        {{ open_end_date() }}
                    ) as next_from_date

                from known_positions
                where is_main and effective_from < ends_by_date
            ) as main_positions
        where ends_by_date < next_from_date

        union all

        select
            worker_id,
            {{ open_start_date() }} as without_from_date,
            coalesce(
                min(case when is_main and effective_from < ends_by_date then effective_from end),
                {{ open_end_date() }}
            ) as without_to_date

        from known_positions
        group by worker_id

    ),

    deciding_positions as (

        select
            worker_id,
            effective_from,
            ends_by_date,
            job_title,
            job_family,
            manager_worker_id,
            branch_id,
            team_id,
            territory_id,
            fte,
            is_sales,
            is_main

        from known_positions
        where is_main and effective_from < ends_by_date

        union all

        select
            positions.worker_id,
            greatest(
                positions.effective_from, days_without_main.without_from_date
            ) as effective_from,
            least(positions.ends_by_date, days_without_main.without_to_date) as ends_by_date,
            positions.job_title,
            positions.job_family,
            positions.manager_worker_id,
            positions.branch_id,
            positions.team_id,
            positions.territory_id,
            positions.fte,
            positions.is_sales,
            positions.is_main

        from known_positions as positions
        inner join
            days_without_main
            on positions.worker_id = days_without_main.worker_id
            and positions.effective_from < days_without_main.without_to_date
            and positions.ends_by_date > days_without_main.without_from_date
        where not positions.is_main and positions.effective_from < positions.ends_by_date

    )

select
    *,
    row_number() over (partition by worker_id order by effective_from) as position_number,
    lag(ends_by_date) over (
        partition by worker_id order by effective_from
    ) as previous_ends_by_date,
    is_main
    and row_number() over (partition by worker_id, is_main order by effective_from)
    = 1 as is_first_main

from deciding_positions

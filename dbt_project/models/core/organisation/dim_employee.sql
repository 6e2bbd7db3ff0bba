with

    workers as (

        select
            workers.*,
            people.person_id,
            people.person_key,
            coalesce({{ plus_days('workers.exited_on', 1) }}, {{ open_end_date() }}) as left_by_date

        from {{ ref('stg_hr__workers') }} as workers
        inner join
            {{ ref('bridge_person') }} as people
            on people.system_name = 'hr'
            and workers.worker_id = people.system_person_id

    ),

    -- HR often knows the present position only: the first one reaches back to the day of hiring,
    -- the first main one to the end of a second job before it, and each ends where the next one
    -- begins or the worker left. One that begins after that never was.
    held_positions as (

        select
            workers.worker_id,
            coalesce(positions.position_number, 1) as position_number,
            positions.job_title,
            positions.job_family,
            positions.manager_worker_id,
            positions.branch_id,
            positions.team_id,
            positions.territory_id,
            positions.fte,
            positions.sales_fte,
            positions.unsaid_fte,
            positions.is_sales,
            coalesce(positions.is_main, true) as is_primary,
            case
                when positions.effective_from is null
                then coalesce(workers.hired_on, {{ open_start_date() }})
                when positions.position_number = 1
                then
                    least(
                        positions.effective_from,
                        coalesce(workers.hired_on, positions.effective_from)
                    )
                when positions.is_first_main
                then positions.previous_ends_by_date
                else positions.effective_from
            end as valid_from_date,
            least(
                coalesce(positions.ends_by_date, {{ open_end_date() }}), workers.left_by_date
            ) as valid_to_date

        from workers
        left join
            {{ ref('int_positions_selected') }} as positions
            on workers.worker_id = positions.worker_id

    ),

    versions as (

        select
            *,
            row_number() over (partition by worker_id order by valid_from_date desc)
            = 1 as is_current

        from held_positions
        where valid_to_date > valid_from_date

    )

select
    {{ surrogate_key('versions.worker_id', ['versions.position_number']) }} as employee_key,
    workers.person_id,
    workers.person_key,
    people.sales_rep_id,
    versions.worker_id,
    workers.worker_name,
    workers.worker_type,
    workers.worker_status,
    workers.country,
    workers.hired_on,
    workers.exited_on,
    workers.exit_reason,
    versions.job_title,
    versions.job_family,
    versions.manager_worker_id,
    {{ or_unknown('branches.branch_id') }} as branch_id,
    {{ or_unknown('teams.team_id') }} as team_id,
    {{ or_unknown('territories.territory_id') }} as territory_id,
    cast(coalesce(versions.fte, 1) as decimal(9, 6)) as fte,
    coalesce(versions.is_sales, people.sales_rep_id is not null) as is_sales,
    versions.is_primary,
    versions.valid_from_date,
    versions.valid_to_date,
    versions.is_current,
    cast(
        coalesce(versions.sales_fte, 0) + case
            when people.sales_rep_id is not null then coalesce(versions.unsaid_fte, 1) else 0
        end as decimal(9, 6)
    ) as sales_fte

from versions
inner join workers on versions.worker_id = workers.worker_id
inner join {{ ref('dim_person') }} as people on workers.person_id = people.person_id
left join {{ ref('dim_branch') }} as branches on versions.branch_id = branches.branch_id
left join {{ ref('dim_team') }} as teams on versions.team_id = teams.team_id
left join
    {{ ref('dim_territory') }} as territories on versions.territory_id = territories.territory_id

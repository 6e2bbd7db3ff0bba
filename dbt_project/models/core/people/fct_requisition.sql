with

    hires as (

        select requisition_id, count(*) as hires

        from {{ ref('stg_hr__applications') }}
        where application_status = 'hired'
        group by requisition_id

    ),

    managers as (

        select system_person_id as worker_id, person_id

        from {{ ref('bridge_person') }}
        where system_name = 'hr'

    )

select
    requisitions.requisition_id,
    requisitions.job_title,
    -- What the opening does not say is that of its team, else of whoever hires.
    coalesce(
        branches.branch_id, nullif(teams.branch_id, 'unknown'), intervals.branch_id, 'unknown'
    ) as branch_id,
    coalesce(teams.team_id, intervals.team_id, 'unknown') as team_id,
    {{ or_unknown('intervals.territory_id') }} as territory_id,
    coalesce(requisitions.openings, 1) as openings,
    requisitions.opened_on,
    requisitions.closed_on,
    coalesce(hires.hires, 0) as hires,
    case
        when requisitions.closed_on >= requisitions.opened_on and hires.hires > 0
        then {{ days_between('requisitions.opened_on', 'requisitions.closed_on') }}
    end as days_to_fill

from {{ ref('stg_hr__requisitions') }} as requisitions
left join hires on requisitions.requisition_id = hires.requisition_id
left join managers on requisitions.hiring_manager_id = managers.worker_id
left join
    {{ ref('fct_employment_interval') }} as intervals
    on managers.person_id = intervals.person_id
    and requisitions.opened_on >= intervals.valid_from_date
    and requisitions.opened_on < intervals.valid_to_date
left join {{ ref('dim_branch') }} as branches on requisitions.branch_id = branches.branch_id
left join {{ ref('dim_team') }} as teams on requisitions.team_id = teams.team_id

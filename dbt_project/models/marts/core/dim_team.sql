with

teams as (

    select
        team_id,
        team_name,
        manager_id,
        branch_id

    from {{ ref('stg_crm__teams_history') }}
    where is_current

),

managers as (

    select
        user_id,
        user_name

    from {{ ref('stg_crm__users_history') }}
    where is_current

),

branches as (

    select
        branch_id,
        branch_name

    from {{ ref('dim_branch') }}

)

select
    teams.team_id,
    teams.team_name,
    teams.manager_id,
    managers.user_name as manager_name,
    {{ or_unknown('branches.branch_id') }} as branch_id,
    coalesce(branches.branch_name, 'Unknown') as branch_name

from teams
left join managers on teams.manager_id = managers.user_id
left join branches on teams.branch_id = branches.branch_id

union all

select
    'unknown' as team_id,
    'Unknown' as team_name,
    cast(null as string) as manager_id,
    cast(null as string) as manager_name,
    'unknown' as branch_id,
    'Unknown' as branch_name

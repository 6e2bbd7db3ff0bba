with

    teams as (

        select team_id, team_name, manager_id, branch_id

        from {{ ref('stg_crm__teams_history') }}
        where is_current

    ),

    -- A company without a CRM has teams all the same, and HR knows them by their ids alone. Where
    -- the CRM has teams, one that it does not know is reported and unknown, as it is for deals.
    hr_teams as (

        select team_id
        from {{ ref('stg_hr__positions') }}
        union distinct
        select team_id
        from {{ ref('stg_hr__requisitions') }}

    ),

    teams_of_hr_alone as (

        select team_id from hr_teams where team_id is not null and not exists (select 1 from teams)

    ),

    managers as (

        select user_id, user_name from {{ ref('stg_crm__users_history') }} where is_current

    ),

    branches as (select branch_id, branch_name from {{ ref('dim_branch') }})

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
    team_id,
    team_id as team_name,
    cast(null as string) as manager_id,
    cast(null as string) as manager_name,
    'unknown' as branch_id,
    'Unknown' as branch_name

from teams_of_hr_alone

union all

select
    'unknown' as team_id,
    'Unknown' as team_name,
    cast(null as string) as manager_id,
    cast(null as string) as manager_name,
    'unknown' as branch_id,
    'Unknown' as branch_name

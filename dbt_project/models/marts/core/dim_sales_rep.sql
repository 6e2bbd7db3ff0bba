with

users as (

    select
        user_id,
        user_name,
        role,
        manager_id,
        team_id,
        branch_id,
        territory_id,
        is_active,
        is_vanished,
        version_number,
        valid_from,
        valid_to,
        is_current

    from {{ ref('stg_crm__users_history') }}

),

versions as (

    select
        users.user_id as sales_rep_id,
        users.user_name as sales_rep_name,
        users.role,
        users.manager_id,
        {{ or_unknown('teams.team_id') }} as team_id,
        case
            when users.branch_id is not null then {{ or_unknown('branches.branch_id') }}
            else {{ or_unknown('teams.branch_id') }}
        end as branch_id,
        {{ or_unknown('territories.territory_id') }} as territory_id,
        coalesce(users.is_active, true) and not users.is_vanished as is_active,
        users.version_number,
        users.is_current,
        {{ validity('users', 'settings.time_zone') }}

    from users
    cross join {{ ref('stg_company__settings') }} as settings
    left join {{ ref('dim_team') }} as teams on users.team_id = teams.team_id
    left join {{ ref('dim_branch') }} as branches on users.branch_id = branches.branch_id
    left join {{ ref('dim_territory') }} as territories
        on users.territory_id = territories.territory_id

)

select
    {{ surrogate_key('sales_rep_id', ['version_number']) }} as sales_rep_key,
    sales_rep_id,
    sales_rep_name,
    role,
    manager_id,
    team_id,
    branch_id,
    territory_id,
    is_active,
    valid_from,
    valid_to,
    valid_from_date,
    valid_to_date,
    is_current

from versions

union all

select
    'unknown' as sales_rep_key,
    'unknown' as sales_rep_id,
    'Unknown' as sales_rep_name,
    cast(null as string) as role,
    cast(null as string) as manager_id,
    'unknown' as team_id,
    'unknown' as branch_id,
    'unknown' as territory_id,
    cast(null as boolean) as is_active,
    {{ open_start() }} as valid_from,
    {{ open_end() }} as valid_to,
    {{ open_start_date() }} as valid_from_date,
    {{ open_end_date() }} as valid_to_date,
    true as is_current

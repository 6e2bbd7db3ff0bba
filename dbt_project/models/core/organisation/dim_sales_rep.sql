{%- set tracked_columns = [
    'sales_rep_name', 'role', 'manager_id', 'team_id', 'branch_id', 'territory_id', 'is_active'
] %}
with

    resolved as (

        select
            attributed.sales_rep_id,
            attributed.sales_rep_name,
            attributed.role,
            attributed.manager_id,
            {{ or_unknown('teams.team_id') }} as team_id,
            case
                when attributed.branch_id is not null
                then {{ or_unknown('branches.branch_id') }}
                else {{ or_unknown('teams.branch_id') }}
            end as branch_id,
            {{ or_unknown('territories.territory_id') }} as territory_id,
            attributed.is_active,
            attributed.valid_from,
            attributed.valid_from_date,
            attributed.is_known_to_hr

        from {{ ref('int_sales_rep_versions_attributed') }} as attributed
        left join {{ ref('dim_team') }} as teams on attributed.team_id = teams.team_id
        left join {{ ref('dim_branch') }} as branches on attributed.branch_id = branches.branch_id
        left join
            {{ ref('dim_territory') }} as territories
            on attributed.territory_id = territories.territory_id

    ),

    compared as (

        select
            *,
            {%- for column in tracked_columns %}
                lag({{ column }}) over versions_of_rep as previous_{{ column }},
            {%- endfor %}
            row_number() over versions_of_rep as boundary_number

        from resolved
        window versions_of_rep as (partition by sales_rep_id order by valid_from, valid_from_date)

    ),

    -- Most of what one source changes, the other says anyway.
    changes as (

        select *

        from compared
        where
            boundary_number = 1 or not is_known_to_hr
            {%- for column in tracked_columns %}
                or {{ column }} is distinct from previous_{{ column }}
            {%- endfor %}

    ),

    versions as (

        select
            *,
            row_number() over versions_of_rep as version_number,
            lead(valid_from) over versions_of_rep as next_valid_from,
            lead(valid_from_date) over versions_of_rep as next_valid_from_date

        from changes
        window versions_of_rep as (partition by sales_rep_id order by valid_from, valid_from_date)

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
    coalesce(next_valid_from, {{ open_end() }}) as valid_to,
    valid_from_date,
    coalesce(next_valid_from_date, {{ open_end_date() }}) as valid_to_date,
    next_valid_from is null as is_current

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

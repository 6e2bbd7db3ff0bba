with

    checked as (

        {{ suppression_checked_groups(ref('int_pay_groups_in_company'), ['month_start', 'group_name']) | indent(4) }}

    ),

    extents as (

        select
            month_start,
            group_name,
            min(branch_id) = max(branch_id) as is_of_one_branch,
            min(team_id) = max(team_id) as is_of_one_team,
            min(territory_id) = max(territory_id) as is_of_one_territory

        from {{ ref('int_pay_groups_in_company') }}
        group by month_start, group_name

    )

select
    formed.month_start,
    formed.person_id,
    formed.branch_id,
    formed.team_id,
    formed.territory_id,
    formed.group_name,
    checked.is_safe,
    checked.is_safe and extents.is_of_one_branch as is_safe_in_branch,
    checked.is_safe and extents.is_of_one_team as is_safe_in_team,
    checked.is_safe and extents.is_of_one_territory as is_safe_in_territory

from {{ ref('int_pay_groups_in_company') }} as formed
inner join
    checked on formed.month_start = checked.month_start and formed.group_name = checked.group_name
inner join
    extents on formed.month_start = extents.month_start and formed.group_name = extents.group_name

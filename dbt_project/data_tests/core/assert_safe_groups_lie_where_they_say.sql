{#
    Fails where a group whose pay may be published is too small, or is said to lie within one team, branch or
    territory and does not: a sum of that team would then tell what others are paid. If it fails: nothing
    of pay may be published before int_pay_groups is mended.
#}
with

    pay_groups as (

        select
            month_start,
            group_name,
            count(distinct person_id) as people,
            count(distinct branch_id) as branches,
            count(distinct team_id) as teams,
            count(distinct territory_id) as territories,
            max(case when is_safe then 1 else 0 end) as is_safe,
            max(case when is_safe_in_branch then 1 else 0 end) as is_safe_in_branch,
            max(case when is_safe_in_team then 1 else 0 end) as is_safe_in_team,
            max(case when is_safe_in_territory then 1 else 0 end) as is_safe_in_territory

        from {{ ref('int_pay_groups') }}
        group by month_start, group_name

    )

select pay_groups.month_start, count(*) as wrong_groups

from pay_groups
cross join {{ ref('stg_company__settings') }} as settings
where
    (pay_groups.is_safe = 1 and pay_groups.people < settings.minimum_group_size)
    or (pay_groups.is_safe_in_branch = 1 and pay_groups.is_safe * pay_groups.branches <> 1)
    or (pay_groups.is_safe_in_team = 1 and pay_groups.is_safe * pay_groups.teams <> 1)
    or (pay_groups.is_safe_in_territory = 1 and pay_groups.is_safe * pay_groups.territories <> 1)
group by pay_groups.month_start

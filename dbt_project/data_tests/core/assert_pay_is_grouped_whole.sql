{#
    Fails where a step of putting people's pay together lost, doubled or changed anybody's pay. If it
    fails: a group was published that is not whole, or pay is shown nowhere; look at
    unsafe_groups_put_together().
#}
with

    grouped as (

        select *
        from {{ ref('int_pay_groups_in_teams') }}
        union all
        select *
        from {{ ref('int_pay_groups_in_branches') }}
        union all
        select *
        from {{ ref('int_pay_groups_in_company') }}

    ),

    -- Three steps hold each unit three times, with the same pay.
    org_units as (

        select
            month_start,
            person_id,
            branch_id,
            team_id,
            territory_id,
            count(*) as steps,
            min({{ pay_measures() | join(' + ') }}) as least_pay,
            max({{ pay_measures() | join(' + ') }}) as most_pay

        from grouped
        group by month_start, person_id, branch_id, team_id, territory_id

    )

select given.month_start, count(*) as wrong_org_units

from {{ ref('fct_seller_pay') }} as given
left join
    org_units
    on given.month_start = org_units.month_start
    and given.person_id = org_units.person_id
    and given.branch_id = org_units.branch_id
    and given.team_id = org_units.team_id
    and given.territory_id = org_units.territory_id
where
    coalesce(org_units.steps, 0) <> 3
    or org_units.least_pay <> org_units.most_pay
    or org_units.least_pay <> given.{{ pay_measures() | join(' + given.') }}
group by given.month_start

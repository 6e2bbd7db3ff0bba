{#
    Fails where a step of putting people's pay together lost, doubled or changed anybody's pay. If it
    fails: a group was told that is not whole, or pay is shown nowhere; look at
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

    -- Three steps hold each place three times, with the same pay.
    places as (

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

select given.month_start, count(*) as wrong_places

from {{ ref('fct_seller_pay') }} as given
left join
    places
    on given.month_start = places.month_start
    and given.person_id = places.person_id
    and given.branch_id = places.branch_id
    and given.team_id = places.team_id
    and given.territory_id = places.territory_id
where
    coalesce(places.steps, 0) <> 3
    or places.least_pay <> places.most_pay
    or places.least_pay <> given.{{ pay_measures() | join(' + given.') }}
group by given.month_start

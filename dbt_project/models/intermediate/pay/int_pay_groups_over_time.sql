-- noqa: disable=LT02,LT05,ST06
with

members as (

    select
        grouped.month_start,
        grouped.group_name,
        grouped.person_id,
        sum(pay.fixed_value) as fixed_value,
        sum(pay.employer_cost_value) as employer_cost_value

    from {{ ref('int_pay_groups') }} as grouped
    inner join {{ ref('fct_seller_pay') }} as pay
        on
            grouped.month_start = pay.month_start
            and grouped.person_id = pay.person_id
            and grouped.branch_id = pay.branch_id
            and grouped.team_id = pay.team_id
            and grouped.territory_id = pay.territory_id
    where grouped.is_safe
    group by
        grouped.month_start,
        grouped.group_name,
        grouped.person_id

),

people as (

    select
        person_id,
        min(month_start) as first_month_start

    from {{ ref('fct_seller_pay') }}
    group by person_id

),

groups_of_people as (

    select
        month_start,
        person_id,
        count(distinct group_name) > 1 as is_divided

    from {{ ref('int_pay_groups') }}
    group by
        month_start,
        person_id

),

known_members as (

    select
        members.*,
        people.first_month_start,
        divided.is_divided,
        case
            when members.month_start = people.first_month_start and not divided.is_divided
                then members.fixed_value
        end as new_fixed_value,
        case
            when members.month_start = people.first_month_start and not divided.is_divided
                then members.employer_cost_value
        end as new_employer_cost_value

    from members
    inner join people on members.person_id = people.person_id
    inner join groups_of_people as divided
        on
            members.month_start = divided.month_start
            and members.person_id = divided.person_id

),

-- A sum in which enough people are counted for the first time cannot be told apart from them, whatever
-- was shown before.
fresh_groups as (

    select
        members.month_start,
        members.group_name,
        count(*) as people,
        max(case when members.is_divided then 1 else 0 end) = 1 as has_divided,
        count(members.new_fixed_value) >= max(settings.minimum_group_size)
        and not {{ is_dominated('members.new_fixed_value') }}
        and not {{ is_dominated('members.new_employer_cost_value') }} as is_fresh

    from known_members as members
    cross join {{ ref('stg_company__settings') }} as settings
    group by
        members.month_start,
        members.group_name

),

previous_months as (

    select
        *,
        lag(month_start) over (partition by group_name order by month_start) as previous_month_start,
        lag(people) over (partition by group_name order by month_start) as previous_people,
        lag(has_divided) over (partition by group_name order by month_start) as previous_has_divided

    from fresh_groups

),

people_in_both as (

    select
        months.month_start,
        months.group_name,
        count(*) as people

    from previous_months as months
    inner join members
        on
            months.month_start = members.month_start
            and months.group_name = members.group_name
    inner join members as previous_members
        on
            months.previous_month_start = previous_members.month_start
            and months.group_name = previous_members.group_name
            and members.person_id = previous_members.person_id
    group by
        months.month_start,
        months.group_name

),

-- A run is a row of months in which a group was made up of the same people.
run_starts as (

    select
        months.*,
        not coalesce(
            not months.has_divided
            and not months.previous_has_divided
            and months.people = months.previous_people
            and months.people = in_both.people,
            false
        ) as is_run_start

    from previous_months as months
    left join people_in_both as in_both
        on
            months.month_start = in_both.month_start
            and months.group_name = in_both.group_name

),

runs as (

    select
        *,
        sum(case when is_run_start then 1 else 0 end) over (
            partition by group_name
            order by month_start
            rows between unbounded preceding and current row
        ) as run_number

    from run_starts

),

fresh_runs as (

    select
        group_name,
        run_number

    from runs
    where
        is_run_start
        and is_fresh

),

-- The same people tell nothing new, unless the pay of a few of them has moved: their raise, or what was
-- paid late, would be the difference.
moves as (

    select
        later.month_start,
        later.group_name,
        earlier.month_start as earlier_month_start,
        members.fixed_value - earlier_members.fixed_value as fixed_move,
        members.employer_cost_value - earlier_members.employer_cost_value as employer_cost_move

    from runs as later
    inner join runs as earlier
        on
            later.group_name = earlier.group_name
            and later.run_number = earlier.run_number
            and later.month_start > earlier.month_start
    inner join members
        on
            later.month_start = members.month_start
            and later.group_name = members.group_name
    inner join members as earlier_members
        on
            earlier.month_start = earlier_members.month_start
            and earlier.group_name = earlier_members.group_name
            and members.person_id = earlier_members.person_id

),

telling_moves as (

    select
        moves.month_start,
        moves.group_name,
        moves.earlier_month_start

    from moves
    cross join {{ ref('stg_company__settings') }} as settings
    group by
        moves.month_start,
        moves.group_name,
        moves.earlier_month_start
    having
        sum(case when moves.fixed_move <> 0 then 1 else 0 end) between 1 and max(settings.minimum_group_size) - 1
        or sum(case when moves.employer_cost_move <> 0 then 1 else 0 end)
        between 1 and max(settings.minimum_group_size) - 1
        or max(abs(moves.fixed_move)) > 0
        and max(abs(moves.fixed_move)) >= {{ dominance_share() }} * sum(abs(moves.fixed_move))
        or max(abs(moves.employer_cost_move)) > 0
        and max(abs(moves.employer_cost_move)) >= {{ dominance_share() }} * sum(abs(moves.employer_cost_move))

),

telling_months as (

    select distinct
        month_start,
        group_name

    from telling_moves

)

select
    runs.month_start,
    runs.group_name,
    fresh_runs.group_name is not null and telling_months.group_name is null as is_steady

from runs
left join fresh_runs
    on
        runs.group_name = fresh_runs.group_name
        and runs.run_number = fresh_runs.run_number
left join telling_months
    on
        runs.month_start = telling_months.month_start
        and runs.group_name = telling_months.group_name

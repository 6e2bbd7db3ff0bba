{#
    People's pay with the groups that they are in, after those that are not safe were put together within
    a team, a branch or the company. One step for each of these, and a table after each: what follows
    another three times over in one query, an engine without memory of CTEs would run thousands of times.

    Arguments:
        given: the relation of the step before, with group_name.
        parent: within what groups are put together: team, branch or company.
        parent_name: the expression that names it.
#}
{% macro unsafe_groups_put_together(given, parent, parent_name) %}
{%- set columns = ['month_start', 'person_id', 'branch_id', 'team_id', 'territory_id'] + pay_measures() %}
with

pay as (

    select
        *,
        {{ parent_name }} as parent_name

    from {{ given }}

),

parts_checked as (

    {{ suppression_checked_groups('pay', ['month_start', 'group_name']) | indent(4) }}

),

-- What is not safe alone is put together, within the {{ parent }} and before anything else is touched ...
rests_pooled as (

    select
        {{ prefixed('pay', columns + ['parent_name']) }},
        case
            when parts.is_safe then pay.group_name
            else 'rest of {{ parent }} ' || pay.parent_name
        end as group_name,
        not parts.is_safe as is_rest

    from pay
    inner join parts_checked as parts
        on
            pay.month_start = parts.month_start
            and pay.group_name = parts.group_name

),

{%- for order in ['people', 'people desc'] %}
{%- set pooled = 'rests_pooled' if loop.first else 'rests_grown_1' %}
groups_{{ loop.index }} as (

    {{ suppression_checked_groups(pooled, ['month_start', 'parent_name', 'group_name', 'is_rest']) | indent(4) }}

),

ranked_{{ loop.index }} as (

    select
        month_start,
        parent_name,
        group_name,
        is_rest,
        row_number() over (
            partition by month_start, parent_name, is_rest
            order by {{ order }}, group_name
        ) as rank,
        max(case when is_rest and not is_safe then 1 else 0 end) over (
            partition by month_start, parent_name
        ) = 1 as has_unsafe_rest

    from groups_{{ loop.index }}

),

{%- if loop.first %}

-- ... then, if that does not help, with the smallest and at last with the largest of the others ...
{%- endif %}
rests_grown_{{ loop.index }} as (

    select
        {{ prefixed('pay', columns + ['parent_name']) }},
        case
            when ranked.has_unsafe_rest and (pay.is_rest or ranked.rank = 1)
                then 'rest of {{ parent }} ' || pay.parent_name
            else pay.group_name
        end as group_name,
        pay.is_rest or (ranked.has_unsafe_rest and ranked.rank = 1) as is_rest

    from {{ pooled }} as pay
    inner join ranked_{{ loop.index }} as ranked
        on
            pay.month_start = ranked.month_start
            and pay.parent_name = ranked.parent_name
            and pay.group_name = ranked.group_name
            and pay.is_rest = ranked.is_rest

),
{% endfor %}
rests_checked as (

    {{ suppression_checked_groups('rests_grown_2', ['month_start', 'parent_name', 'group_name', 'is_rest']) | indent(4) }}

),

unsafe_rests as (

    select
        month_start,
        parent_name

    from rests_checked
    where
        is_rest
        and not is_safe

)

-- ... and else with all of them.
select
    {{ prefixed('pay', columns) }},
    case
        when unsafe_rests.month_start is not null then '{{ parent }} ' || pay.parent_name
        else pay.group_name
    end as group_name

from rests_grown_2 as pay
left join unsafe_rests
    on
        pay.month_start = unsafe_rests.month_start
        and pay.parent_name = unsafe_rests.parent_name
{%- endmacro %}

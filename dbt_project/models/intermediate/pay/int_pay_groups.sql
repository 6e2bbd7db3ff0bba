{#- Within these, from the narrowest on, groups that are not safe are put together. -#}
{%- set parents = ['team', 'branch', 'company'] -%}
{%- set columns = ['month_start', 'person_id', 'branch_id', 'team_id', 'territory_id']
    + pay_measures() + ['team_parent', 'branch_parent', 'company_parent'] -%}
-- noqa: disable=LT02,LT05,ST06
with

pay as (

    select
        *,
        branch_id || ' | ' || team_id || ' | ' || territory_id as group_name,
        branch_id || ' | ' || team_id as team_parent,
        branch_id as branch_parent,
        'all' as company_parent

    from {{ ref('fct_seller_pay') }}

),
{% for parent in parents %}
{%- set given = 'pay' if loop.first else parents[loop.index0 - 1] ~ '_formed' %}
{{ parent }}_parts_judged as (

    {{ judged_groups(given, ['month_start', 'group_name']) | indent(4) }}

),

-- What is not safe alone is put together, within the {{ parent }} and before anything else is touched ...
{{ parent }}_rests_pooled as (

    select
        {{ prefixed('pay', columns) }},
        case
            when parts.is_safe then pay.group_name
            else 'rest of {{ parent }} ' || pay.{{ parent }}_parent
        end as group_name,
        not parts.is_safe as is_rest

    from {{ given }} as pay
    inner join {{ parent }}_parts_judged as parts
        on
            pay.month_start = parts.month_start
            and pay.group_name = parts.group_name

),

{%- for order in ['people', 'people desc'] %}
{%- set pooled = parent ~ '_rests_pooled' if loop.first else parent ~ '_rests_grown_1' %}
{{ parent }}_groups_{{ loop.index }} as (

    {{ judged_groups(pooled, ['month_start', parent ~ '_parent', 'group_name', 'is_rest']) | indent(4) }}

),

{{ parent }}_ranked_{{ loop.index }} as (

    select
        month_start,
        {{ parent }}_parent,
        group_name,
        is_rest,
        row_number() over (
            partition by month_start, {{ parent }}_parent, is_rest
            order by {{ order }}, group_name
        ) as place,
        max(case when is_rest and not is_safe then 1 else 0 end) over (
            partition by month_start, {{ parent }}_parent
        ) = 1 as has_unsafe_rest

    from {{ parent }}_groups_{{ loop.index }}

),

{%- if loop.first %}

-- ... then, if that does not help, with the smallest and at last with the largest of the others ...
{%- endif %}
{{ parent }}_rests_grown_{{ loop.index }} as (

    select
        {{ prefixed('pay', columns) }},
        case
            when ranked.has_unsafe_rest and (pay.is_rest or ranked.place = 1)
                then 'rest of {{ parent }} ' || pay.{{ parent }}_parent
            else pay.group_name
        end as group_name,
        pay.is_rest or (ranked.has_unsafe_rest and ranked.place = 1) as is_rest

    from {{ pooled }} as pay
    inner join {{ parent }}_ranked_{{ loop.index }} as ranked
        on
            pay.month_start = ranked.month_start
            and pay.{{ parent }}_parent = ranked.{{ parent }}_parent
            and pay.group_name = ranked.group_name
            and pay.is_rest = ranked.is_rest

),
{% endfor %}
{{ parent }}_rests_judged as (

    {{ judged_groups(parent ~ '_rests_grown_2', ['month_start', parent ~ '_parent', 'group_name', 'is_rest']) | indent(4) }}

),

{{ parent }}_unsafe_rests as (

    select
        month_start,
        {{ parent }}_parent

    from {{ parent }}_rests_judged
    where
        is_rest
        and not is_safe

),

-- ... and else with all of them.
{{ parent }}_formed as (

    select
        {{ prefixed('pay', columns) }},
        case
            when unsafe_rests.month_start is not null then '{{ parent }} ' || pay.{{ parent }}_parent
            else pay.group_name
        end as group_name

    from {{ parent }}_rests_grown_2 as pay
    left join {{ parent }}_unsafe_rests as unsafe_rests
        on
            pay.month_start = unsafe_rests.month_start
            and pay.{{ parent }}_parent = unsafe_rests.{{ parent }}_parent

),
{% endfor %}
judged as (

    {{ judged_groups('company_formed', ['month_start', 'group_name']) | indent(4) }}

),

extents as (

    select
        month_start,
        group_name,
        min(branch_id) = max(branch_id) as is_of_one_branch,
        min(team_id) = max(team_id) as is_of_one_team,
        min(territory_id) = max(territory_id) as is_of_one_territory

    from company_formed
    group by
        month_start,
        group_name

)

select
    formed.month_start,
    formed.person_id,
    formed.branch_id,
    formed.team_id,
    formed.territory_id,
    formed.group_name,
    judged.is_safe,
    judged.is_safe and extents.is_of_one_branch as is_safe_in_branch,
    judged.is_safe and extents.is_of_one_team as is_safe_in_team,
    judged.is_safe and extents.is_of_one_territory as is_safe_in_territory

from company_formed as formed
inner join judged
    on
        formed.month_start = judged.month_start
        and formed.group_name = judged.group_name
inner join extents
    on
        formed.month_start = extents.month_start
        and formed.group_name = extents.group_name

{#- Within these, from the narrowest on, groups that are not safe are put together. -#}
{%- set parents = ['team', 'branch', 'company'] -%}
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
        pay.month_start,
        pay.person_id,
        pay.branch_id,
        pay.team_id,
        pay.territory_id,
        {%- for measure in pay_measures() %}
        pay.{{ measure }},
        {%- endfor %}
        pay.team_parent,
        pay.branch_parent,
        pay.company_parent,
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

{{ parent }}_rests_judged as (

    {{ judged_groups(parent ~ '_rests_pooled', ['month_start', 'group_name']) | indent(4) }}

),

{{ parent }}_rests_marked as (

    select
        pooled.*,
        max(case when pooled.is_rest and not rests.is_safe then 1 else 0 end) over (
            partition by pooled.month_start, pooled.{{ parent }}_parent
        ) = 1 as has_unsafe_rest

    from {{ parent }}_rests_pooled as pooled
    inner join {{ parent }}_rests_judged as rests
        on
            pooled.month_start = rests.month_start
            and pooled.group_name = rests.group_name

),

-- ... and if that does not help, with all the others of the {{ parent }}.
{{ parent }}_formed as (

    select
        month_start,
        person_id,
        branch_id,
        team_id,
        territory_id,
        {%- for measure in pay_measures() %}
        {{ measure }},
        {%- endfor %}
        team_parent,
        branch_parent,
        company_parent,
        case
            when has_unsafe_rest then '{{ parent }} ' || {{ parent }}_parent
            else group_name
        end as group_name

    from {{ parent }}_rests_marked

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

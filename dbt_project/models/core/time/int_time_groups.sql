{{ config(materialized=shared_view()) }}

{%- set org_units = ['branch', 'team', 'territory'] -%}
with

    people as (

        select distinct
            calendar.month_start, days.person_id, days.branch_id, days.team_id, days.territory_id

        from {{ ref('int_selling_time_daily') }} as days
        inner join {{ ref('dim_date') }} as calendar on days.date_day = calendar.date_day

    ),

    -- Whoever moves within a month counts once, so that units add up and none is taken to be
    -- larger than it is.
    counted_people as (

        select
            *,
            case
                when
                    row_number() over (
                        partition by month_start, person_id
                        order by branch_id, team_id, territory_id
                    )
                    = 1
                then 1
                else 0
            end as counted

        from people

    ),

    org_units as (

        select
            month_start,
            branch_id,
            team_id,
            territory_id,
            sum(counted) as people,
            'company' as group_name

        from counted_people
        group by month_start, branch_id, team_id, territory_id

    ),
    {% for org_unit in org_units %}
        {%- set given = 'org_units' if loop.first else 'divided_by_' ~ loop.previtem %}
        {{ org_unit }}_parts as (

            select
                parts.month_start,
                parts.group_name,
                parts.{{ org_unit }}_id,
                parts.people,
                parts.people >= settings.minimum_group_size as is_large,
                sum(
                    case when parts.people < settings.minimum_group_size then parts.people end
                ) over (partition by parts.month_start, parts.group_name)
                < settings.minimum_group_size as has_small_rest,
                row_number() over (
                    partition by
                        parts.month_start,
                        parts.group_name,
                        parts.people >= settings.minimum_group_size
                    order by parts.people, parts.{{ org_unit }}_id
                ) as org_unit

            from
                (
                    select month_start, group_name, {{ org_unit }}_id, sum(people) as people

                    from {{ given }}
                    group by month_start, group_name, {{ org_unit }}_id
                ) as parts
            cross join {{ ref('stg_company__settings') }} as settings

        ),
        {% if loop.first %}
        -- A group is divided into its branches, these into teams, these into territories. What is
        -- too small stays together, and where even that is too few the smallest of the others stays
        -- with it.
        {%- endif %}
        divided_by_{{ org_unit }} as (

            select
                org_units.month_start,
                org_units.branch_id,
                org_units.team_id,
                org_units.territory_id,
                org_units.people,
                org_units.group_name || case
                    when
                        parts.is_large
                        and not (coalesce(parts.has_small_rest, false) and parts.org_unit = 1)
                    then ' | ' || parts.{{ org_unit }}_id
                    else ' | rest'
                end as group_name

            from {{ given }} as org_units
            inner join
                {{ org_unit }}_parts as parts
                on org_units.month_start = parts.month_start
                and org_units.group_name = parts.group_name
                and org_units.{{ org_unit }}_id = parts.{{ org_unit }}_id

        ){{ ',' if not loop.last }}
    {% endfor %}

select month_start, branch_id, team_id, territory_id, cast(people as bigint) as people, group_name

from divided_by_{{ org_units | last }}

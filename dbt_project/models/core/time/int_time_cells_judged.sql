{%- set places = ['branch', 'team', 'territory'] -%}
{%- set levels = {
    'company': "'all'",
    'branch': 'branch_id',
    'territory': 'territory_id',
    'team': 'team_id',
} -%}
with

    people as (

        select distinct
            calendar.month_start, days.person_id, days.branch_id, days.team_id, days.territory_id

        from {{ ref('int_selling_time_daily') }} as days
        inner join {{ ref('dim_date') }} as calendar on days.date_day = calendar.date_day

    ),

    -- Whoever moves within a month counts once, so that places add up and none is taken to be
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

    places as (

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
    {% for place in places %}
        {%- set given = 'places' if loop.first else 'divided_by_' ~ loop.previtem %}
        {{ place }}_parts as (

            select
                parts.month_start,
                parts.group_name,
                parts.{{ place }}_id,
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
                    order by parts.people, parts.{{ place }}_id
                ) as place

            from
                (
                    select month_start, group_name, {{ place }}_id, sum(people) as people

                    from {{ given }}
                    group by month_start, group_name, {{ place }}_id
                ) as parts
            cross join {{ ref('stg_company__settings') }} as settings

        ),
        {% if loop.first %}
        -- A group is divided into its branches, these into teams, these into territories. What is
        -- too small stays together, and where even that is too few the smallest of the others stays
        -- with it.
        {%- endif %}
        divided_by_{{ place }} as (

            select
                places.month_start,
                places.branch_id,
                places.team_id,
                places.territory_id,
                places.people,
                places.group_name || case
                    when
                        parts.is_large
                        and not (coalesce(parts.has_small_rest, false) and parts.place = 1)
                    then ' | ' || parts.{{ place }}_id
                    else ' | rest'
                end as group_name

            from {{ given }} as places
            inner join
                {{ place }}_parts as parts
                on places.month_start = parts.month_start
                and places.group_name = parts.group_name
                and places.{{ place }}_id = parts.{{ place }}_id

        ),
    {% endfor %}
    companies as (select month_start, sum(people) as people from places group by month_start),

    extents as (

        select
            month_start,
            group_name,
            {%- for place in places %}
                min({{ place }}_id)
                = max({{ place }}_id) as is_of_one_{{ place }}{{ ',' if not loop.last }}
            {%- endfor %}

        from divided_by_{{ places | last }}
        group by month_start, group_name

    ),

    judged_places as (

        select
            divided.month_start,
            divided.branch_id,
            divided.team_id,
            divided.territory_id,
            companies.people >= settings.minimum_group_size as is_told_of_company,
            {%- for place in places %}
                companies.people >= settings.minimum_group_size
                and extents.is_of_one_{{ place }}
                as is_told_of_{{ place }}{{ ',' if not loop.last }}
            {%- endfor %}

        from divided_by_{{ places | last }} as divided
        cross join {{ ref('stg_company__settings') }} as settings
        inner join companies on divided.month_start = companies.month_start
        inner join
            extents
            on divided.month_start = extents.month_start
            and divided.group_name = extents.group_name

    ),

    by_level as (
        {% for level, member in levels.items() %}
            select
                month_start,
                '{{ level }}' as level,
                {{ member }} as member_id,
                is_told_of_{{ level }} as is_told

            from judged_places
            {% if not loop.last %}
                union all
            {% endif -%}
        {% endfor %}
    ),

    months as (

        select distinct
            month_start,
            {%- for grain in period_grains() if grain != 'month' %}
                {{ grain }}_start{{ ',' if not loop.last }}
            {%- endfor %}

        from {{ ref('dim_date') }}

    ),

    -- A longer period less all of its months but one is that month, so it is told only where they
    -- all are.
    by_period as (
        {% for grain in period_grains() %}
            select
                '{{ grain }}' as period_grain,
                months.{{ grain }}_start as period_start,
                by_level.level,
                by_level.member_id,
                by_level.is_told

            from by_level
            inner join months on by_level.month_start = months.month_start
            {% if not loop.last %}
                union all
            {% endif -%}
        {% endfor %}
    )

select
    period_grain,
    period_start,
    level,
    member_id,
    min(case when is_told then 1 else 0 end) = 1 as is_told

from by_period
group by period_grain, period_start, level, member_id

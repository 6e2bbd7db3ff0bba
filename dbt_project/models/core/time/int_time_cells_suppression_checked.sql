{%- set org_units = ['branch', 'team', 'territory'] -%}
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

        ),
    {% endfor %}
    companies as (select month_start, sum(people) as people from org_units group by month_start),

    extents as (

        select
            month_start,
            group_name,
            {%- for org_unit in org_units %}
                min({{ org_unit }}_id)
                = max({{ org_unit }}_id) as is_of_one_{{ org_unit }}{{ ',' if not loop.last }}
            {%- endfor %}

        from divided_by_{{ org_units | last }}
        group by month_start, group_name

    ),

    published_org_units as (

        select
            divided.month_start,
            divided.branch_id,
            divided.team_id,
            divided.territory_id,
            companies.people >= settings.minimum_group_size as is_published_for_company,
            {%- for org_unit in org_units %}
                companies.people >= settings.minimum_group_size
                and extents.is_of_one_{{ org_unit }}
                as is_published_for_{{ org_unit }}{{ ',' if not loop.last }}
            {%- endfor %}

        from divided_by_{{ org_units | last }} as divided
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
                is_published_for_{{ level }} as is_published

            from published_org_units
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

    -- A longer period less all of its months but one is that month, so it is published only
    -- where they all are.
    by_period as (
        {% for grain in period_grains() %}
            select
                '{{ grain }}' as period_grain,
                months.{{ grain }}_start as period_start,
                by_level.level,
                by_level.member_id,
                by_level.is_published

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
    min(case when is_published then 1 else 0 end) = 1 as is_published

from by_period
group by period_grain, period_start, level, member_id

{%- set org_units = ['branch', 'team', 'territory'] -%}
{%- set levels = {
    'company': "'all'",
    'branch': 'branch_id',
    'territory': 'territory_id',
    'team': 'team_id',
} -%}
with

    time_groups as (select * from {{ ref('int_time_groups') }}),

    companies as (select month_start, sum(people) as people from time_groups group by month_start),

    extents as (

        select
            month_start,
            group_name,
            {%- for org_unit in org_units %}
                min({{ org_unit }}_id)
                = max({{ org_unit }}_id) as is_of_one_{{ org_unit }}{{ ',' if not loop.last }}
            {%- endfor %}

        from time_groups
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

        from time_groups as divided
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

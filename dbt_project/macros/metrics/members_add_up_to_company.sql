{#
    Fails for each period or day and level whose members do not add up to the company, or that has no
    row at all where the company has something. A company's row of nothing but zeros, for a target
    without pipeline, need not be there for levels that have no targets.

    Every level has an unknown member for what belongs to nobody, so nothing may be lost or counted
    twice. If it fails: look for a level column that is NULL in a fact, a join that multiplies, or a
    level that is filtered out.

    Arguments:
        parts: columns that can be added up; NULL counts as 0.
        rounded_parts: those that are added up over currencies and rounded once a row, so that members
            and company may differ by half a cent a row.
        by_day: whether the mart has a row per day and the levels of the pipeline.
#}
{% test members_add_up_to_company(model, parts, rounded_parts=[], by_day=false) %}
{%- set levels = pipeline_levels() if by_day else deal_levels() -%}
{%- set time_columns = ['as_of_date'] if by_day else ['period_grain', 'period_start'] -%}

with

sums as (

    select
        basis,
        {{ time_columns | join(', ') }},
        level,
        {%- for part in parts + rounded_parts %}
        coalesce(sum({{ part }}), 0) as {{ part }},
        {%- endfor %}
        count(*) as members

    from {{ model }}
    group by basis, {{ time_columns | join(', ') }}, level

),

expected_sums as (

    select
        sums.*,
        expected_levels.expected_level

    from sums
    cross join (
        {%- for level in levels %}
        select '{{ level }}' as expected_level
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as expected_levels
    where sums.level = 'company'

)

select
    expected_sums.basis,
    {{ prefixed('expected_sums', time_columns) }},
    expected_sums.expected_level,
    {%- for part in parts + rounded_parts %}
    expected_sums.{{ part }} as company_{{ part }},
    sums.{{ part }}{{ ',' if not loop.last }}
    {%- endfor %}

from expected_sums
left join sums
    on
        {{ equal_keys('expected_sums', 'sums', ['basis'] + time_columns) }}
        and expected_sums.expected_level = sums.level
where
    (
        sums.level is null
        and (
            {%- for part in parts + rounded_parts %}
            expected_sums.{{ part }} <> 0{{ ' or' if not loop.last }}
            {%- endfor %}
        )
    )
    {%- for part in parts %}
    or expected_sums.{{ part }} <> sums.{{ part }}
    {%- endfor %}
    {%- for part in rounded_parts %}
    or abs(expected_sums.{{ part }} - sums.{{ part }}) > 0.005 * (sums.members + 1)
    {%- endfor %}

{% endtest %}

{#
    Fails for each period or day and level whose members do not add up to the company, or that has no
    row at all where the company has something. A company's row of nothing but zeros, for a target
    without pipeline, need not be there for levels that have no targets.

    Managers count for each other's reps: all of them together have every row at least once, and none has a row
    twice. Only counts are held to that, since worth can be negative.

    Every level has an unknown member for what belongs to nobody, so nothing may be lost or counted
    twice. If it fails: look for a level column that is NULL in a fact, a join that multiplies, or a
    level that is filtered out.

    `subject` is what the mart counts, deals, activities, leads, lead_funnel or campaigns, whose levels differ.

    What is added up follows from the declarations in the mart's .yml: see added_up_columns.
#}
{% test members_add_up_to_company(model, subject='deals') %}
{%- set mart = model.identifier -%}
{%- set by_day = execute and 'as_of_date' in graph.nodes['model.' ~ project_name ~ '.' ~ mart].columns -%}
{%- set levels = {
    'activities': activity_levels(),
    'leads': lead_levels(),
    'lead_funnel': lead_funnel_levels(),
    'campaigns': campaign_levels()
}.get(subject, pipeline_levels() if by_day else deal_levels()) -%}
{%- set time_columns = ['as_of_date'] if by_day else ['period_grain', 'period_start'] -%}
{%- set parts = added_up_columns(mart) -%}

with

sums as (

    select
        basis,
        {{ time_columns | join(', ') }},
        level,
        {%- for part in parts %}
        coalesce(sum({{ part.column }}), 0) as {{ part.column }},
        {%- if part.is_count %}
        max({{ part.column }}) as most_{{ part.column }},
        {%- endif %}
        {%- endfor %}
        count(*) as members

    from {{ model }}
    group by basis, {{ time_columns | join(', ') }}, level

),

expected_sums as (

    select
        sums.*,
        expected_levels.expected_level,
        expected_levels.adds_up

    from sums
    cross join (
        {%- for level in levels %}
        select
            '{{ level }}' as expected_level,
            {{ 'false' if levels[level].adds_up is false else 'true' }} as adds_up
        {{ 'union all' if not loop.last }}
        {%- endfor %}
    ) as expected_levels
    where sums.level = 'company'

)

select
    expected_sums.basis,
    {{ prefixed('expected_sums', time_columns) }},
    expected_sums.expected_level,
    {%- for part in parts %}
    expected_sums.{{ part.column }} as company_{{ part.column }},
    sums.{{ part.column }}{{ ',' if not loop.last }}
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
            {%- for part in parts %}
            expected_sums.{{ part.column }} <> 0{{ ' or' if not loop.last }}
            {%- endfor %}
        )
    )
    {%- for part in parts %}
    {%- if part.is_rounded %}
    or (
        expected_sums.adds_up
        and abs(expected_sums.{{ part.column }} - sums.{{ part.column }}) > 0.005 * (sums.members + 1)
    )
    {%- else %}
    or (expected_sums.adds_up and expected_sums.{{ part.column }} <> sums.{{ part.column }})
    {%- endif %}
    {%- if part.is_count %}
    or (not expected_sums.adds_up and expected_sums.{{ part.column }} > sums.{{ part.column }})
    or expected_sums.{{ part.column }} < sums.most_{{ part.column }}
    {%- endif %}
    {%- endfor %}

{% endtest %}


{#
    The columns of a mart whose members add up to the company: its measures that are summed, and the
    parts of its ratios that other marts declare. A measure says `adds_up: false` in its meta where it
    counts what stays within the company, such as a transfer, and `is_rounded: true` where it is added
    up over currencies and rounded once a row, so that members may differ by half a cent each.
#}
{% macro added_up_columns(mart) %}
    {% if not execute %}
        {{ return([]) }}
    {% endif %}
    {% set measures = declared_measures() %}
    {% set columns = {} %}
    {% for name, measure in measures.items() if measure.mart == mart %}
        {% do columns.update({measure.expr or name: measure}) %}
    {% endfor %}
    {#- What a mart repeats of another, as the part of a ratio of its own. -#}
    {% for metric in graph.metrics.values() if mart_of(metric).name == mart %}
        {% set parts = metric.type_params %}
        {% for part in [parts.measure, parts.numerator, parts.denominator]
            if part and part.name in measures and measures[part.name].mart != mart %}
            {% do columns.update({part.name: measures[part.name]}) %}
        {% endfor %}
    {% endfor %}
    {% set there = graph.nodes['model.' ~ project_name ~ '.' ~ mart].columns %}
    {% set added_up = [] %}
    {% for column, measure in columns.items() if column in there and measure.agg == 'sum' %}
        {% if measure.meta.adds_up is not false %}
            {% do added_up.append({
                'column': column,
                'is_rounded': measure.meta.is_rounded or false,
                'is_count': there[column].data_type == 'bigint',
            }) %}
        {% endif %}
    {% endfor %}
    {{ return(added_up | sort(attribute='column')) }}
{% endmacro %}

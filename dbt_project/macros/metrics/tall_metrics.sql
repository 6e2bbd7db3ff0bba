{#
    The declared metrics of several marts, one row per metric and row of its mart.

    Arguments:
        relations: mart -> the relation to read it from. It has the mart's columns, and those that
            say the period. A declared metric of another mart stops the build.
#}
{% macro tall_metrics(relations) %}
    {%- for metric in declared_metrics() %}
    {%- if metric.mart not in relations %}
        {% do exceptions.raise_compiler_error(
            'metric ' ~ metric.name ~ ' stands in ' ~ metric.mart ~ '; add that mart to metric_values.sql'
        ) %}
    {%- endif %}
    select
        '{{ metric.name }}' as metric,
        '{{ metric.meta.unit }}' as unit,
        basis,
        period_grain,
        period_start,
        level,
        member_id,
        cast({{ metric.numerator or 'null' }} as double) as numerator,
        cast({{ metric.denominator or 'null' }} as double) as denominator,
        cast({{ metric.column }} as double) as value,
        period_label,
        {{ dimension_and_value(metric.further_keys) }}

    from {{ relations[metric.mart] }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#
    What a mart's further keys are called in the tall table, and what they are in a row. Both are
    empty where a mart has none. A mart that has such a pair of columns itself keeps it.
#}
{% macro dimension_and_value(keys) -%}
    {%- if not keys -%}
    cast(null as string) as dimension,
        cast(null as string) as dimension_value
    {%- elif keys[0] == 'dimension' -%}
    dimension,
        {{ keys[1] }} as dimension_value
    {%- else -%}
    '{{ keys | join(', ') }}' as dimension,
        {% for key in keys -%}
        cast({{ key }} as string){{ " || ', ' || " if not loop.last }}
        {%- endfor %} as dimension_value
    {%- endif -%}
{%- endmacro %}


{#
    What is declared of each metric, one row each, under the columns of metric_catalogue. A list of
    values: an engine plans hundreds of selects for as long as it runs a hundred models.
#}
{% macro declared_metrics_as_rows() %}
    {%- set texts = [
        'name', 'label', 'description', 'formula', 'unit', 'direction', 'basis', 'null_rule', 'mart', 'source',
        'needs', 'topic', 'column_name', 'numerator', 'denominator', 'dimension',
    ] %}
    select
        {%- for text in texts %}
        cast({{ text }} as string) as {{ text }},
        {%- endfor %}
        is_headline

    from (
        values
        {%- for metric in declared_metrics() %}
        (
            '{{ metric.name }}',
            {{ text_literal(metric.label) }},
            {{ text_literal(metric.description) }},
            {{ text_literal(metric.meta.formula) }},
            '{{ metric.meta.unit }}',
            '{{ metric.meta.direction }}',
            '{{ metric.bases | join(', ') }}',
            {{ text_literal(metric.meta.null_rule) }},
            '{{ metric.mart }}',
            {{ text_literal(var('metric_sources')[metric.meta.source]) }},
            {{ text_literal(metric.needs | join('; ')) }},
            '{{ metric.topic }}',
            '{{ metric.column }}',
            {{ text_literal(metric.numerator) if metric.numerator else 'null' }},
            {{ text_literal(metric.denominator) if metric.denominator else 'null' }},
            {{ text_literal(metric.further_keys | join(', ')) if metric.further_keys else 'null' }},
            {{ 'true' if metric.meta.is_headline else 'false' }}
        ){{ ',' if not loop.last }}
        {%- endfor %}
    ) as declared ({{ texts | join(', ') }}, is_headline)
{%- endmacro %}

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
        cast({{ metric.name }} as double) as value,
        period_label

    from {{ relations[metric.mart] }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{# What is declared of each metric, one row each, under the columns of metric_catalogue. #}
{% macro declared_metrics_as_rows() %}
    {%- for metric in declared_metrics() %}
    select
        '{{ metric.name }}' as name,
        {{ text_literal(metric.label) }} as label,
        {{ text_literal(metric.description) }} as description,
        {{ text_literal(metric.meta.formula) }} as formula,
        '{{ metric.meta.unit }}' as unit,
        '{{ metric.meta.direction }}' as direction,
        '{{ 'restated, as_closed' if metric.mart in frozen_marts() else 'restated' }}' as basis,
        {{ text_literal(metric.meta.null_rule) }} as null_rule,
        '{{ metric.mart }}' as mart,
        {{ text_literal(metric.meta.source) }} as source,
        {{ text_literal(metric.meta.needs | join('; ')) }} as needs
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{# The marts that also keep each period as it was known soon after its end. #}
{% macro frozen_marts() %}
    {{ return(['mart_conversion', 'mart_sales_cycle', 'mart_deal_outcome', 'mart_selling_time']) }}
{% endmacro %}

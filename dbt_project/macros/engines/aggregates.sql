{# Aggregates that DuckDB and Spark name or order differently. #}


{#
    A quantile with linear interpolation between the two nearest values (type 7 of Hyndman and Fan,
    the one spreadsheets use); NULLs are left out, and no value gives NULL.
#}
{% macro quantile(expression, fraction) -%}
    {{ return(adapter.dispatch('quantile', 'salesops')(expression, fraction)) }}
{%- endmacro %}

{% macro duckdb__quantile(expression, fraction) -%}
    quantile_cont(cast({{ expression }} as double), {{ fraction }})
{%- endmacro %}

{% macro spark__quantile(expression, fraction) -%}
    percentile(cast({{ expression }} as double), {{ fraction }})
{%- endmacro %}


{# The values of a group as one text, in the order of the text itself. #}
{% macro joined_text(expression, separator=', ') -%}
    {{ return(adapter.dispatch('joined_text', 'salesops')(expression, separator)) }}
{%- endmacro %}

{% macro duckdb__joined_text(expression, separator) -%}
    string_agg({{ expression }}, '{{ separator }}' order by {{ expression }})
{%- endmacro %}

{% macro spark__joined_text(expression, separator) -%}
    array_join(array_sort(collect_list({{ expression }})), '{{ separator }}')
{%- endmacro %}

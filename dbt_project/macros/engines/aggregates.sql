{# Aggregates that DuckDB and Spark name differently. #}


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

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


{#
    The latest value up to a row, or the first one from a row on, that is not NULL. `window` names a
    window with its order and frame.
#}
{% macro last_known(expression, window) -%}
    {{ return(adapter.dispatch('last_known', 'salesops')(expression, window)) }}
{%- endmacro %}

{% macro duckdb__last_known(expression, window) -%}
    last_value({{ expression }} ignore nulls) over {{ window }}
{%- endmacro %}

{% macro spark__last_known(expression, window) -%}
    last_value({{ expression }}, true) over {{ window }}
{%- endmacro %}

{% macro first_known(expression, window) -%}
    {{ return(adapter.dispatch('first_known', 'salesops')(expression, window)) }}
{%- endmacro %}

{% macro duckdb__first_known(expression, window) -%}
    first_value({{ expression }} ignore nulls) over {{ window }}
{%- endmacro %}

{% macro spark__first_known(expression, window) -%}
    first_value({{ expression }}, true) over {{ window }}
{%- endmacro %}

{# Aggregates that DuckDB and Spark name differently. #}


{#
    Quantiles of numbers as an array, with linear interpolation between the two nearest values
    (type 7 of Hyndman and Fan, the one spreadsheets use); NULLs are left out, and no value gives NULL.

    An engine holds every value of every group for them, in each call: so all quantiles of a number are
    asked for at once, and whole numbers as integers, which take half the memory of doubles.
    `nth_quantile` reads one.
#}
{% macro quantiles(expression, fractions, type='integer') -%}
    {{ return(adapter.dispatch('quantiles', 'salesops')(expression, fractions, type)) }}
{%- endmacro %}

{% macro duckdb__quantiles(expression, fractions, type) -%}
    quantile_cont(cast({{ expression }} as {{ type }}), [{{ fractions | join(', ') }}])
{%- endmacro %}

{% macro spark__quantiles(expression, fractions, type) -%}
    percentile(cast({{ expression }} as {{ type }}), array({{ fractions | join(', ') }}))
{%- endmacro %}


{#
    The n-th of some quantiles, counted from 1.

    To nine decimals, far more than interpolation between numbers of six gives: as a double it can come
    out a hair below two equal numbers that it lies between, and a 90th percentile below the median.
#}
{% macro nth_quantile(quantiles, n) -%}
    round({{ nth(quantiles, n) }}, 9)
{%- endmacro %}


{# The middle one of the values, of an even number the lower one: never one between two. NULLs are left out. #}
{% macro lower_median(expression) -%}
    {{ return(adapter.dispatch('lower_median', 'salesops')(expression)) }}
{%- endmacro %}

{% macro duckdb__lower_median(expression) -%}
    quantile_disc({{ expression }}, 0.5)
{%- endmacro %}

{% macro spark__lower_median(expression) -%}
    percentile_disc(0.5) within group (order by {{ expression }})
{%- endmacro %}


{# The n-th element of an array, counted from 1. #}
{% macro nth(array, n) -%}
    {{ return(adapter.dispatch('nth', 'salesops')(array, n)) }}
{%- endmacro %}

{% macro duckdb__nth(array, n) -%}
    {{ array }}[{{ n }}]
{%- endmacro %}

{% macro spark__nth(array, n) -%}
    {{ array }}[{{ n - 1 }}]
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

{# Views that DuckDB and Spark are better off with, or without. #}


{#
    What a view becomes that is long and is read several times, by several models or by one.

    DuckDB sees through a view at little cost, and writing down what is in it would take longer. Spark
    plans and works out a view anew, with everything below it, each time: there it is a table.
#}
{% macro shared_view() -%}
    {{ return(adapter.dispatch('shared_view', 'salesops')()) }}
{%- endmacro %}

{% macro default__shared_view() -%}
    {{ return('view') }}
{%- endmacro %}

{% macro spark__shared_view() -%}
    {{ return('table') }}
{%- endmacro %}

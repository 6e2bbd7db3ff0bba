{# Views that DuckDB and Spark are better off with, or without. #}


{#
    What a view becomes that is long and has several readers.

    DuckDB sees through a view at little cost, and writing down what is in it would take longer. Spark
    plans a view anew, with everything below it, for each of its readers: there it is a table.
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

{# The texts of a group as one, in their own order, with a separator between them. #}
{% macro joined_text(expression, separator=', ') -%}
    {{ return(adapter.dispatch('joined_text', 'salesops')(expression, separator)) }}
{%- endmacro %}

{% macro duckdb__joined_text(expression, separator) -%}
    string_agg({{ expression }}, '{{ separator }}' order by {{ expression }})
{%- endmacro %}

{% macro spark__joined_text(expression, separator) -%}
    {#- listagg would lose the order here. -#}
    array_join(array_sort(collect_list({{ expression }})), '{{ separator }}')
{%- endmacro %}

{#
    A text as it is compared with others: in lower case, with single spaces, and with the Persian letters that
    Arabic keyboards write otherwise.
#}
{% macro normalised_text(expression) -%}
    {{ return(adapter.dispatch('normalised_text', 'salesops')(expression)) }}
{%- endmacro %}

{% macro duckdb__normalised_text(expression) -%}
    trim(regexp_replace(translate(lower({{ expression }}), 'يىك', 'ییک'), '\s+', ' ', 'g'))
{%- endmacro %}

{% macro spark__normalised_text(expression) -%}
    trim(regexp_replace(translate(lower({{ expression }}), 'يىك', 'ییک'), '[ \t\r\n]+', ' '))
{%- endmacro %}

{# What stands in a text after the first separator, which is one character. #}
{% macro text_after(text, separator) -%}
    substr({{ text }}, instr({{ text }}, '{{ separator }}') + 1)
{%- endmacro %}

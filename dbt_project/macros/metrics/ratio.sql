{#
    A ratio as a double: NULL where the denominator is 0 or missing, never 0 and never an error.
    Both parts may be counts or money.
#}
{% macro ratio(numerator, denominator) -%}
    cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0)
{%- endmacro %}


{# A sum of money; 0 where there is nothing to add up. #}
{% macro money_sum(expression) -%}
    cast(coalesce(sum({{ expression }}), 0) as decimal(18, 2))
{%- endmacro %}

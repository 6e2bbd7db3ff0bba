{# The size band of a deal by its worth in the reporting currency; limits belong to the band above. #}
{% macro size_band(value) -%}
    case
        when {{ value }} is null then 'unknown'
        {%- for limit, name in [(10000, 'below 10k'), (50000, '10k to 50k'), (250000, '50k to 250k')] %}
        when {{ value }} < {{ limit }} then '{{ name }}'
        {%- endfor %}
        else '250k and more'
    end
{%- endmacro %}

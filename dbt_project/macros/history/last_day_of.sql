{#
    The last day on which a version with the half-open interval of days [valid_from_date, valid_to_date) holds; the
    as-of date while it still does. A version that another one replaced on its first day has that day.
#}
{% macro last_day_of(valid_from_date, valid_to_date, as_of_date) -%}
    least(
        greatest({{ valid_from_date }}, {{ plus_days(valid_to_date, -1) }}),
        greatest({{ valid_from_date }}, {{ as_of_date }})
    )
{%- endmacro %}

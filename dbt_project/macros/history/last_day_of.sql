{#
    The last day on which a version with the half-open interval of days [starts_on, ends_on) holds; the
    as-of date while it still does. A version that another one replaced on its first day has that day.
#}
{% macro last_day_of(starts_on, ends_on, as_of_date) -%}
    least(
        greatest({{ starts_on }}, {{ plus_days(ends_on, -1) }}),
        greatest({{ starts_on }}, {{ as_of_date }})
    )
{%- endmacro %}

{#
    The first day on which an effective-dated row no longer holds: the day it names, or the one from
    which the next row of the same key holds if that comes first. Expects the columns effective_from and
    effective_to in scope.
#}
{% macro effective_to_date(key) -%}
    least(
        coalesce(effective_to, {{ open_end_date() }}),
        coalesce(
            lead(effective_from) over (partition by {{ key }} order by effective_from),
            {{ open_end_date() }}
        )
    )
{%- endmacro %}

{#
    The first day on which an effective-dated row no longer holds: the day it names, or the one from
    which the next row of the same key holds if that comes first. Expects the columns effective_from and
    effective_to in scope. Of rows that begin on one day the last in the order of `tie_breaker` holds.
#}
{% macro effective_to_date(key, tie_breaker=none) -%}
    least(
        coalesce(effective_to, {{ open_end_date() }}),
        coalesce(
            lead(effective_from) over (
                partition by {{ key }}
                order by effective_from{{ ', ' ~ tie_breaker if tie_breaker }}
            ),
            {{ open_end_date() }}
        )
    )
{%- endmacro %}

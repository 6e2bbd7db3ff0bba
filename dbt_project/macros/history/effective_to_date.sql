{#
    The first day on which an effective-dated row no longer holds: the day it names, or the one from
    which the next row of the same key holds if that comes first. Expects the columns effective_from and
    effective_to in scope. Of rows that begin on one day the last in the order of `tie_breaker` holds. A row that ends
    on the day it begins was called off: it holds on no day and ends no other.
#}
{% macro effective_to_date(key, tie_breaker=none) -%}
    least(
        coalesce(effective_to, {{ open_end_date() }}),
        coalesce(
            min(
                case when coalesce(effective_to > effective_from, true) then effective_from end
            ) over (
                partition by {{ key }}
                order by effective_from{{ ', ' ~ tie_breaker if tie_breaker }}
                rows between 1 following and unbounded following
            ),
            {{ open_end_date() }}
        )
    )
{%- endmacro %}

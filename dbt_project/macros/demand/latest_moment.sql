{#
    The moment (UTC) of something, the last of its day where only the day is known.

    A touch of that day then came before it, as far as anybody can tell; with the first moment of the day, every
    touch of the day on which a lead was created would come too late for it.
#}
{% macro latest_moment(moment, day, time_zone) -%}
    coalesce(
        {{ time_of_day_known(moment, business_date(moment, time_zone), time_zone) }},
        {{ end_of_day('coalesce(' ~ reported_date(moment, time_zone) ~ ', ' ~ day ~ ')', time_zone) }}
    )
{%- endmacro %}

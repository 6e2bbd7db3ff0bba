{#
    Whole seconds of business time from one moment to a later one.

    By subtraction: each day of dim_business_hours knows the business time of all days before it, so that
    what lies between two moments, be it years, is found by looking at their two days alone.

    Arguments:
        first_hours, first_at: the row of dim_business_hours of the first moment's business date, and the moment.
        last_hours, last_at: those of the second, by the same business calendar.
#}
{% macro business_seconds_between(first_hours, first_at, last_hours, last_at) -%}
    cast(
        {{ whole_quotient(
            business_microseconds_until(last_hours, last_at) ~ ' - ('
            ~ business_microseconds_until(first_hours, first_at) ~ ')', 1000000
        ) }} as bigint
    )
{%- endmacro %}


{# Microseconds of business time from the calendar's first day to a moment of the day given. #}
{% macro business_microseconds_until(hours, moment) -%}
    {{ hours }}.business_seconds_before * 1000000
    + {{ microseconds_within(hours ~ '.opens_at', hours ~ '.closes_at', moment) }}
    - {{ microseconds_within(hours ~ '.break_starts_at', hours ~ '.break_ends_at', moment) }}
{%- endmacro %}


{# Microseconds of an interval that have passed at a moment: none before it, all of it after. #}
{% macro microseconds_within(starts_at, ends_at, moment) -%}
    least(
        greatest({{ microseconds_between(starts_at, moment) }}, 0),
        {{ microseconds_between(starts_at, ends_at) }}
    )
{%- endmacro %}

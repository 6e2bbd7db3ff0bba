{#
    The four validity columns of a slowly changing dimension, from a staging history.

    A member's first version reaches back to the open start: the first extract shows members as they
    are, and facts older than that extract would otherwise belong to nobody.
#}
{% macro validity(versions, time_zone) -%}
    case
        when {{ versions }}.version_number = 1 then {{ open_start() }}
        else {{ versions }}.valid_from
    end as valid_from,
    {{ versions }}.valid_to,
    case
        when {{ versions }}.version_number = 1 then {{ open_start_date() }}
        else {{ extract_date(versions ~ '.valid_from', time_zone) }}
    end as valid_from_date,
    case
        when {{ versions }}.is_current then {{ open_end_date() }}
        else {{ extract_date(versions ~ '.valid_to', time_zone) }}
    end as valid_to_date
{%- endmacro %}

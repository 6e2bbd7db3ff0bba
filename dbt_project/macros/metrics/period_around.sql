{#
    The first or last day of the company's period around a day, whose length a column says.

    Arguments:
        grain: the column with the length: month, quarter or year.
        calendar: the row of dim_date that the day is.
        edge: start or end.
#}
{% macro period_around(grain, calendar, edge) -%}
    case {{ grain }}
        {%- for known_grain in period_grains() %}
        when '{{ known_grain }}' then {{ calendar }}.{{ known_grain }}_{{ edge }}
        {%- endfor %}
    end
{%- endmacro %}

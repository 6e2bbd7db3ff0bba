{#
    The business date from which a version of a deal holds. A version that starts with its extract
    holds from the day that the extract speaks for; one dated by the CRM from the day of its moment.
    Expects extracted_at and extracted_date in scope.
#}
{% macro start_date(starts_at, time_zone) -%}
    case
        when {{ starts_at }} = extracted_at then extracted_date
        else {{ business_date(starts_at, time_zone) }}
    end
{%- endmacro %}

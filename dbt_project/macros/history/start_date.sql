{#
    The business date from which a version of a deal holds. One dated by the CRM holds from the day of
    its moment; one that starts with its extract from the day that the extract speaks for.

    A file that carries a date alone is taken to speak for the day before. Where the CRM itself gives the
    file's own date for what began (`reported_date`), the file was written on that day and later than it
    says, and the CRM's day holds: otherwise a deal that was won on the first day of a quarter would count
    in the one before.

    Expects extracted_at, extracted_date and extraction_date in scope.
#}
{% macro start_date(valid_from, reported_date, time_zone) -%}
    case
        when {{ valid_from }} = extracted_at and {{ reported_date }} = extraction_date then extraction_date
        when {{ valid_from }} = extracted_at then extracted_date
        else {{ business_date(valid_from, time_zone) }}
    end
{%- endmacro %}

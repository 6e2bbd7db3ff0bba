{#
    Whether what a source reports lies before its lead: by the moment where both are told to the time of day, else
    by the day. A date that somebody wrote as a moment is midnight, and every lead of that day was created later.

    Expects leads.created_at, leads.created_date and leads.time_zone in scope.
#}
{% macro is_before_lead(moment) -%}
    case
        when
            leads.created_at is not null
            and {{ time_of_day_known(moment, business_date(moment, 'leads.time_zone'), 'leads.time_zone') }}
            is not null
        then {{ moment }} < leads.created_at
        else {{ reported_date(moment, 'leads.time_zone') }} < leads.created_date
    end
{%- endmacro %}

{#
    The open deals at the end of any business day, as they were known then: one row per deal, with the
    columns of fct_opportunity_version. For analysts: in a model, or with `dbt show --inline`.

    Arguments:
        day: SQL of a date, such as "date '2026-03-31'".
#}
{% macro pipeline_as_of(day) %}
    select *

    from {{ ref('fct_opportunity_version') }}
    where
        valid_from_date <= {{ day }}
        and valid_to_date > {{ day }}
        and not is_closed
        and not is_excluded
{%- endmacro %}

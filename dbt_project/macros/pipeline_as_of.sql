{#
    The open deals at the end of any business day, as they were known then: one row per deal, with the
    columns of fct_opportunity_version, and what it was worth at the rate of that day. For analysts: in a
    model, or with `dbt show --inline`.

    Arguments:
        day: SQL of a date, such as "date '2026-03-31'".
#}
{% macro pipeline_as_of(day) %}
    select
        versions.*,
        {{ converted('versions.amount', 'rates.exchange_rate') }} as value_on_day,
        {{ converted('versions.weighted_amount', 'rates.exchange_rate') }} as weighted_value_on_day

    from {{ ref('fct_opportunity_version') }} as versions
    left join {{ ref('fct_exchange_rate_held') }} as rates
        on
            versions.currency_code = rates.currency_code
            and rates.rate_date = {{ day }}
    where
        versions.valid_from_date <= {{ day }}
        and versions.valid_to_date > {{ day }}
        and not versions.is_closed
        and not versions.is_excluded
{%- endmacro %}

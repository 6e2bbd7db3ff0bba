{#
    The periods that have begun by the as-of date, one row each, with the last day of each that is
    known: its end, or the as-of date while it runs.

    as_of: relation with the as-of date of the subject; without one, that of deals.

    Gives: period_grain, period_start, period_end, last_known_date.
#}
{% macro known_periods(as_of=none) %}
    {%- for grain in period_grains() %}
    select distinct
        '{{ grain }}' as period_grain,
        calendar.{{ grain }}_start as period_start,
        calendar.{{ grain }}_end as period_end,
        least(calendar.{{ grain }}_end, warehouse.as_of_date) as last_known_date

    from {{ ref('dim_date') }} as calendar
    cross join {{ as_of or ref('int_warehouse_as_of') }} as warehouse
    where calendar.{{ grain }}_start <= warehouse.as_of_date
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}

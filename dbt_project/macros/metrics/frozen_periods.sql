{#
    The periods that have been frozen: those that ended `close_lag_days` or more before the warehouse's
    as-of date.

    Gives: period_grain, period_start, period_end, frozen_on.
#}
{% macro frozen_periods() %}
    {%- for grain in period_grains() %}
    select distinct
        '{{ grain }}' as period_grain,
        calendar.{{ grain }}_start as period_start,
        calendar.{{ grain }}_end as period_end,
        {{ plus_days('calendar.' ~ grain ~ '_end', 'warehouse.close_lag_days') }} as frozen_on

    from {{ ref('dim_date') }} as calendar
    cross join {{ ref('int_warehouse_as_of') }} as warehouse
    where {{ plus_days('calendar.' ~ grain ~ '_end', 'warehouse.close_lag_days') }} <= warehouse.as_of_date
    {%- if not loop.last %}
    union all
    {%- endif %}
    {%- endfor %}
{%- endmacro %}

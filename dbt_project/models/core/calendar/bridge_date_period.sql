{%- for grain in calendar_grains() %}
    select
        date_day,
        '{{ grain }}' as period_grain,
        {{ grain }}_start as period_start,
        {{ grain }}_end as period_end

    from {{ ref('dim_date') }} {{ 'union all' if not loop.last }}
{%- endfor %}

with

periods as (

    {%- for grain in period_grains() %}
    select distinct
        '{{ grain }}' as period_grain,
        {{ grain }}_start as period_start,
        {{ grain }}_end as period_end,
        {{ grain }}_label as period_label

    from {{ ref('dim_date') }}
    {{ 'union all' if not loop.last }}
    {%- endfor %}

)

select * from periods

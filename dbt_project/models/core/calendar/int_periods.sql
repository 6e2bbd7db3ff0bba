with

    calendar as (

        select
            days.*,
            warehouse.as_of_date,
            hr.as_of_date as hr_as_of_date,
            case when days.is_business_day then 1 else 0 end as business_days,
            case
                when days.is_business_day and days.date_day <= warehouse.as_of_date then 1 else 0
            end as elapsed_business_days,
            case
                when days.is_business_day and days.date_day <= hr.as_of_date then 1 else 0
            end as elapsed_business_days_for_hr

        from {{ ref('dim_date') }} as days
        cross join {{ ref('int_warehouse_as_of') }} as warehouse
        cross join {{ ref('int_hr_as_of') }} as hr

    ),

    periods as (

        {%- for grain in period_grains() %}
            select
                '{{ grain }}' as period_grain,
                {{ grain }}_start as period_start,
                {{ grain }}_end as period_end,
                {{ grain }}_label as period_label,
                cast(sum(business_days) as bigint) as business_days,
                cast(sum(elapsed_business_days) as bigint) as elapsed_business_days,
                cast(sum(elapsed_business_days_for_hr) as bigint) as elapsed_business_days_for_hr,
                {{ grain }}_end > max(as_of_date) as is_running,
                {{ grain }}_end > max(hr_as_of_date) as is_running_for_hr

            from calendar
            group by
                {{ grain }}_start,
                {{ grain }}_end,
                {{ grain }}_label
                {{ 'union all' if not loop.last }}
        {%- endfor %}

    )

select *
from periods

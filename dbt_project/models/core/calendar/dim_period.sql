with

    calendar as (

        select
            days.*,
            warehouse.as_of_date,
            warehouse.close_lag_days,
            hr.as_of_date as hr_as_of_date,
            case when days.is_business_day then 1 else 0 end as business_days,
            case
                when days.is_business_day and days.date_day <= warehouse.as_of_date then 1 else 0
            end as elapsed_business_days,
            case
                when days.is_business_day and days.date_day <= hr.as_of_date then 1 else 0
            end as elapsed_business_days_for_hr

        from {{ ref('dim_date') }} as days
        cross join {{ ref('dim_as_of') }} as warehouse
        cross join {{ ref('dim_hr_as_of') }} as hr

    ),

    periods as (

        {%- for grain in calendar_grains() %}
            select
                '{{ grain }}' as period_grain,
                {{ grain }}_start as period_start,
                {{ grain }}_end as period_end,
                {{ grain }}_label as period_label,
                cast(sum(business_days) as bigint) as business_days,
                cast(sum(elapsed_business_days) as bigint) as elapsed_business_days,
                cast(sum(elapsed_business_days_for_hr) as bigint) as elapsed_business_days_for_hr,
                max(as_of_date) as as_of_date,
                max(hr_as_of_date) as hr_as_of_date,
                max(close_lag_days) as close_lag_days

            from calendar
            group by
                {{ grain }}_start,
                {{ grain }}_end,
                {{ grain }}_label
                {{ 'union all' if not loop.last }}
        {%- endfor %}

    ),

    frozen as (
        select *, {{ plus_days('period_end', 'close_lag_days') }} as frozen_date from periods
    )

select
    period_grain,
    period_start,
    period_end,
    period_label,
    business_days,
    elapsed_business_days,
    elapsed_business_days_for_hr,
    period_end > as_of_date as is_running,
    period_end > hr_as_of_date as is_running_for_hr,
    case when period_start <= as_of_date then least(period_end, as_of_date) end as last_known_date,
    case
        when period_start <= hr_as_of_date then least(period_end, hr_as_of_date)
    end as last_known_date_for_hr,
    frozen_date,
    coalesce(frozen_date <= as_of_date, false) as is_frozen

from frozen

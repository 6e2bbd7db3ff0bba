select
    date_day,

    year,
    quarter,
    month,
    day_of_month,
    day_of_year,
    iso_year,
    iso_week,
    iso_weekday,
    weekday_name,
    month_name,

    jalali_year,
    jalali_month,
    jalali_day,
    jalali_month_name,
    jalali_date,

    fiscal_year,
    fiscal_quarter,
    fiscal_month,
    month_start,
    month_end,
    quarter_start,
    quarter_end,
    year_start,
    year_end,
    month_label,
    quarter_label,
    year_label,

    is_weekend,
    is_holiday,
    holiday_name,
    is_business_day,
    business_day_number,

    week_start,
    week_end,
    week_label

from {{ source('company', 'calendar') }}

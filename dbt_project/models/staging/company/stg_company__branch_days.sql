select branch_id, date_day, is_weekend, is_holiday, holiday_name

from {{ source('company', 'branch_days') }}

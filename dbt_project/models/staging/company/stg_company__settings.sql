-- Before the first landing there is no settings row; the models then still need a zone and a
-- currency to be typed and empty, so each setting falls back to its working default.
select
    coalesce(max(reporting_currency), 'USD') as reporting_currency,
    coalesce(max(time_zone), 'UTC') as time_zone,
    coalesce(max(close_lag_days), 5) as close_lag_days,
    coalesce(max(closing_day), 'transition') as closing_day,
    coalesce(max(minimum_group_size), 5) as minimum_group_size,
    coalesce(max(max_rate_age_days), 7) as max_rate_age_days,
    coalesce(max(max_lag_days), 7) as max_lag_days,
    coalesce(max(max_pay_gap_days), 62) as max_pay_gap_days,
    coalesce(max(standard_day_minutes), 480) as standard_day_minutes,
    coalesce(max(ramp_target_share), 0.8) as ramp_target_share

from {{ source('company', 'settings') }}

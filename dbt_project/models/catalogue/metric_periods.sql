select period_grain, period_start, period_end, period_label, last_known_date, is_running

from {{ ref('dim_period') }}
where last_known_date is not null

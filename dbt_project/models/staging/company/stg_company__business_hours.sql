select
    valid_from as valid_from_date,
    valid_to as valid_to_date,
    iso_weekday,
    opens_minute,
    break_starts_minute,
    break_ends_minute,
    closes_minute

from {{ source('company', 'business_hours') }}

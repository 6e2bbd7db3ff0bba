select size_band, value_from, value_below from {{ source('company', 'deal_size_bands') }}

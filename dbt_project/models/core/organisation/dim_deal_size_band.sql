select size_band, value_from, value_below from {{ ref('stg_company__deal_size_bands') }}

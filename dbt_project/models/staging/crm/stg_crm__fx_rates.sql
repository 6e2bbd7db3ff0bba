select rate_date, from_currency, to_currency, rate, source_system, extract_id, extracted_at

from {{ ref('stg_crm__fx_rates_history') }}
where is_current and not is_vanished

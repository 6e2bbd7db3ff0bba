{{ newest_rows_of('crm', 'fx_rates', ref('stg_crm__fx_rates_history')) }}

{{ history_of('crm', 'fx_rates') }}

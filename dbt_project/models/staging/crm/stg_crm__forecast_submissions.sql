{{ newest_rows_of('crm', 'forecast_submissions') }}

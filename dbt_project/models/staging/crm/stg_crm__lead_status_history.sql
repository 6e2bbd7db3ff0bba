{{ newest_rows_of('crm', 'lead_status_history') }}

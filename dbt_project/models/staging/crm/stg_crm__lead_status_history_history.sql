{{ history_of('crm', 'lead_status_history') }}

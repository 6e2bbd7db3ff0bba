{{ history_of('crm', 'lead_statuses') }}

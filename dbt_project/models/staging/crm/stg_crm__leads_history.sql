{{ history_of('crm', 'leads') }}

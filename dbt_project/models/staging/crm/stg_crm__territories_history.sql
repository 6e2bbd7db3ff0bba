{{ history_of('crm', 'territories') }}

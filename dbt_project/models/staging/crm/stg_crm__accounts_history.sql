{{ history_of('crm', 'accounts') }}

{{ history_of('crm', 'users') }}

{{ history_of('crm', 'teams') }}

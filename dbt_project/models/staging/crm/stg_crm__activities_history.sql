{{ history_of('crm', 'activities') }}

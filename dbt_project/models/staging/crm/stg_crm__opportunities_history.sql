{{ history_of('crm', 'opportunities') }}

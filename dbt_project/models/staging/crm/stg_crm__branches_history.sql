{{ history_of('crm', 'branches') }}

{{ history_of('crm', 'products') }}

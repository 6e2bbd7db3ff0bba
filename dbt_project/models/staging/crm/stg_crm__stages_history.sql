{{ history_of('crm', 'stages') }}

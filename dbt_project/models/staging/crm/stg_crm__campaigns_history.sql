{{ history_of('crm', 'campaigns') }}

{{ newest_rows_of('crm', 'quotas') }}

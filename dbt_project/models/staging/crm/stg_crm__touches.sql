{{ newest_rows_of('crm', 'touches') }}

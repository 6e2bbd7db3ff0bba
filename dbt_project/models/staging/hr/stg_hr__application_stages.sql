{{ newest_rows_of('hr', 'application_stages') }}

{{ newest_rows_of('hr', 'offers') }}

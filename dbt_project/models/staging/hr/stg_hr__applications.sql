{{ newest_rows_of('hr', 'applications') }}

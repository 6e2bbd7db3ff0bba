{{ newest_rows_of('hr', 'leave') }}

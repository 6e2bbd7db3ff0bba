{{ newest_rows_of('hr', 'holidays') }}

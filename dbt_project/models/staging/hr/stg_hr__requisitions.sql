{{ newest_rows_of('hr', 'requisitions') }}

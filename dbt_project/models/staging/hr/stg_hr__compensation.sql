{{ newest_rows_of('hr', 'compensation') }}

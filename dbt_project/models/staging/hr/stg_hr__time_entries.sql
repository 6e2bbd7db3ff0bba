{{ newest_rows_of('hr', 'time_entries', ref('stg_hr__time_entries_history')) }}

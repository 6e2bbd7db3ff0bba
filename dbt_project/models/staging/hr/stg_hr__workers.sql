{{ newest_rows_of('hr', 'workers', ref('stg_hr__workers_history')) }}

{{ newest_rows_of('hr', 'positions', ref('stg_hr__positions_history')) }}

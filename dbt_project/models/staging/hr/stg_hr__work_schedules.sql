{{ newest_rows_of('hr', 'work_schedules') }}

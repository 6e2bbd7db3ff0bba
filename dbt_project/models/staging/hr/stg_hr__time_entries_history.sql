{{ history_of('hr', 'time_entries') }}

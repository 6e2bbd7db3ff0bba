{{ history_of('hr', 'workers') }}

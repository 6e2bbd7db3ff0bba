{{ history_of('hr', 'positions') }}

{{ newest_rows_of('hr', 'training_courses') }}

{{ history_of('crm', 'person_crosswalk') }}

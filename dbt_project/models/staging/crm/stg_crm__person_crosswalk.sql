{{ newest_rows_of('crm', 'person_crosswalk', ref('stg_crm__person_crosswalk_history')) }}

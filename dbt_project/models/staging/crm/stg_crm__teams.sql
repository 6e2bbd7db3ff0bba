{{ newest_rows_of('crm', 'teams', ref('stg_crm__teams_history')) }}

{{ newest_rows_of('crm', 'stages', ref('stg_crm__stages_history')) }}

{{ newest_rows_of('crm', 'territories', ref('stg_crm__territories_history')) }}

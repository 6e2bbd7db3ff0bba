{{ newest_rows_of('crm', 'branches', ref('stg_crm__branches_history')) }}

{{ newest_rows_of('crm', 'users', ref('stg_crm__users_history')) }}

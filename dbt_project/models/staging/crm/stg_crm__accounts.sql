{{ newest_rows_of('crm', 'accounts', ref('stg_crm__accounts_history')) }}

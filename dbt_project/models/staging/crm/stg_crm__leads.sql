{{ newest_rows_of('crm', 'leads', ref('stg_crm__leads_history')) }}

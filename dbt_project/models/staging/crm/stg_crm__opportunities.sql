{{ newest_rows_of('crm', 'opportunities', ref('stg_crm__opportunities_history')) }}

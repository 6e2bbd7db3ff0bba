{{ newest_rows_of('crm', 'lead_statuses', ref('stg_crm__lead_statuses_history')) }}

{{ newest_rows_of('crm', 'lead_status_history', ref('stg_crm__lead_status_history_history')) }}

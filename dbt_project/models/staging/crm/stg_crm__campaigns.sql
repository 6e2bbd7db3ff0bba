{{ newest_rows_of('crm', 'campaigns', ref('stg_crm__campaigns_history')) }}

{{ newest_rows_of('crm', 'activities', ref('stg_crm__activities_history')) }}

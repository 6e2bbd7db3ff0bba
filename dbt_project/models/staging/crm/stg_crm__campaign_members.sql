{{ newest_rows_of('crm', 'campaign_members', ref('stg_crm__campaign_members_history')) }}

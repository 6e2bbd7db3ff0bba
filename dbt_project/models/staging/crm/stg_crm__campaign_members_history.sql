{{ history_of('crm', 'campaign_members') }}

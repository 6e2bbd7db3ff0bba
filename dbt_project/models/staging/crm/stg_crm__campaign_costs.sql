{{ newest_rows_of('crm', 'campaign_costs') }}

{{ newest_rows_of('crm', 'opportunity_contacts') }}

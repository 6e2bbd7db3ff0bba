{{ newest_rows_of('crm', 'opportunity_field_history') }}

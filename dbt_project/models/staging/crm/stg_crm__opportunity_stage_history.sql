{{ newest_rows_of('crm', 'opportunity_stage_history') }}

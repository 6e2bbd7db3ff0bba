{{ history_of('crm', 'opportunity_line_items') }}

{{ newest_rows_of('crm', 'opportunity_line_items', ref('stg_crm__opportunity_line_items_history')) }}

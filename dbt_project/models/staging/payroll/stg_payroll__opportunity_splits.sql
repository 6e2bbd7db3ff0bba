{{ newest_rows_of('payroll', 'opportunity_splits') }}

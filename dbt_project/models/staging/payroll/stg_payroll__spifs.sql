{{ newest_rows_of('payroll', 'spifs') }}

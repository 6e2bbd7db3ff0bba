{{ newest_rows_of('payroll', 'draws') }}

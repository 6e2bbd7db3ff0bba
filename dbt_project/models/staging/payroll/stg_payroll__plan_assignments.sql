{{ newest_rows_of('payroll', 'plan_assignments') }}

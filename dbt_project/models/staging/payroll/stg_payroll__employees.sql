{{ newest_rows_of('payroll', 'employees', ref('stg_payroll__employees_history')) }}

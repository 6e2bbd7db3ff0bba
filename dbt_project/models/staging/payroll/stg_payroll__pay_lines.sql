{{ newest_rows_of('payroll', 'pay_lines', ref('stg_payroll__pay_lines_history')) }}

{{ newest_rows_of('payroll', 'pay_runs', ref('stg_payroll__pay_runs_history')) }}

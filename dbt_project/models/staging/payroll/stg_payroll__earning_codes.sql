{{ newest_rows_of('payroll', 'earning_codes', ref('stg_payroll__earning_codes_history')) }}

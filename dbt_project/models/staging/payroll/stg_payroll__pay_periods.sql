{{ newest_rows_of('payroll', 'pay_periods') }}

{{ history_of('payroll', 'earning_codes') }}

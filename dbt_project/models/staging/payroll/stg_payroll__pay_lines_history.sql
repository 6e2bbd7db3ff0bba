{{ history_of('payroll', 'pay_lines') }}

{{ history_of('payroll', 'pay_runs') }}

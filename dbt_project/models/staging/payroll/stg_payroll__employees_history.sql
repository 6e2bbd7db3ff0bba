{{ history_of('payroll', 'employees') }}

{{ newest_rows_of('payroll', 'commission_adjustments') }}

{{ newest_rows_of('payroll', 'rate_tiers') }}

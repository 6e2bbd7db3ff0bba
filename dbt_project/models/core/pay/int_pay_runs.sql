select
    runs.pay_run_id,
    coalesce(runs.run_type, 'regular') as run_type,
    periods.period_start as pay_period_start,
    periods.period_end as pay_period_end,
    coalesce(runs.paid_on, periods.period_end) as paid_on

from {{ ref('stg_payroll__pay_runs') }} as runs
left join
    {{ ref('stg_payroll__pay_periods') }} as periods on runs.pay_period_id = periods.pay_period_id

select
    pay_run_id,

    pay_period_id,
    run_type,
    paid_on,
    control_total,
    currency_code,

    source_system,
    extract_id,
    extracted_at

from {{ ref('stg_payroll__pay_runs_history') }}
where is_current and not is_vanished

select
    pay_line_id,

    pay_run_id,
    employee_id,
    earning_code,
    hours,
    pay_amount,
    currency_code,
    opportunity_id,
    reversal_of_id,

    source_system,
    extract_id,
    extracted_at

from {{ ref('stg_payroll__pay_lines_history') }}
where is_current and not is_vanished

select
    earning_code,

    earning_name,
    earning_class,
    is_commission,

    source_system,
    extract_id,
    extracted_at

from {{ ref('stg_payroll__earning_codes_history') }}
where is_current and not is_vanished

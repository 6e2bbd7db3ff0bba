select
    run_id,
    gate,
    layer,
    table_name,
    check_name,
    severity,
    result,
    message,

    rows_checked,
    rows_failed,

    checked_at

from {{ source('landing', 'gate_results') }}

select
    run_id,
    extract_id,
    source_system,
    source,
    table_name,
    file_name,
    sha256,
    line,
    column_name,
    value,
    reason,
    message,
    record,

    record_number

from {{ source('landing', 'quarantine') }}

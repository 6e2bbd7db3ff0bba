select
    run_id,
    extract_id,
    source_system,
    source,
    table_name,
    mapping_name,
    file_name,
    sha256,
    format,
    status,
    message,
    control_totals,

    size_bytes,
    records,
    accepted,
    quarantined,
    passed_over,
    emptied,
    unchanged,
    duplicates,
    deleted,

    extracted_at,
    modified_at,
    landed_at

from {{ source('landing', 'files') }}

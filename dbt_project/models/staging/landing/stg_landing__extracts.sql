select
    extract_id,
    source_system,
    source,
    table_name,
    kind,
    fingerprint,
    is_complete,
    extracted_at,
    landed_at

from {{ source('landing', 'extracts') }}

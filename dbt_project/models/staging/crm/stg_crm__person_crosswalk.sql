select
    system_name,
    system_person_id,

    person_id,

    source_valid_from as valid_from,
    source_valid_to as valid_to,

    source_system,
    extract_id,
    extracted_at

from {{ ref('stg_crm__person_crosswalk_history') }}
where is_current and not is_vanished

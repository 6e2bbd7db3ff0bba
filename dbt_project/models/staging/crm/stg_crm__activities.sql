select
    activity_id,

    activity_type,
    activity_status,
    direction,
    owner_id,
    opportunity_id,
    account_id,
    duration_minutes,
    is_automatic,
    has_external_participants,
    started_at,
    ended_at,

    source_system,
    extract_id,
    extracted_at

from {{ ref('stg_crm__activities_history') }}
where is_current and not is_vanished

{{ config(materialized='view') }}
select
    matches.lead_id,
    matches.kept_lead_id,
    case
        when matches.known_from <= {{ open_start() }}
        then {{ open_start_date() }}
        else {{ extract_date('matches.known_from', 'settings.time_zone') }}
    end as known_from_date,
    case
        when matches.is_current
        then {{ open_end_date() }}
        else {{ extract_date('matches.known_to', 'settings.time_zone') }}
    end as known_to_date,
    matches.is_current

from {{ ref('stg_matching__lead_matches') }} as matches
cross join {{ ref('stg_company__settings') }} as settings
where matches.kept_lead_id <> matches.lead_id

select
    match_number,
    lead_id,
    kept_lead_id,
    match_weight,
    known_from,
    coalesce(
        lead(known_from) over (partition by lead_id order by match_number), {{ open_end() }}
    ) as known_to,
    row_number() over (partition by lead_id order by match_number desc) = 1 as is_current

from {{ source('matching', 'lead_matches') }}

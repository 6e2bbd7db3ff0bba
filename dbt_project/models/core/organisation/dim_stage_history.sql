select
    {{ surrogate_key('stages.stage_id', ['stages.version_number']) }} as stage_key,
    stages.stage_id,
    stages.stage_name,
    stages.stage_order,
    stages.is_closed,
    -- A stage that is not closed cannot be won, whatever its flags say.
    stages.is_closed and stages.is_won as is_won,
    stages.probability,
    {{ validity('stages', 'settings.time_zone') }},
    stages.is_current

from {{ ref('stg_crm__stages_history') }} as stages
cross join {{ ref('stg_company__settings') }} as settings

union all

select
    'unknown' as stage_key,
    'unknown' as stage_id,
    'Unknown' as stage_name,
    cast(null as bigint) as stage_order,
    false as is_closed,
    false as is_won,
    cast(null as decimal(9, 6)) as probability,
    {{ open_start() }} as valid_from,
    {{ open_end() }} as valid_to,
    {{ open_start_date() }} as valid_from_date,
    {{ open_end_date() }} as valid_to_date,
    true as is_current

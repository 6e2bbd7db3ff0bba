select
    stage_id,
    stage_name,
    stage_order,
    is_closed,
    -- A stage that is not closed cannot be won, whatever its flags say.
    is_closed and is_won as is_won,
    probability

from {{ ref('stg_crm__stages_history') }}
where is_current

union all

select
    'unknown' as stage_id,
    'Unknown' as stage_name,
    cast(null as bigint) as stage_order,
    false as is_closed,
    false as is_won,
    cast(null as decimal(9, 6)) as probability

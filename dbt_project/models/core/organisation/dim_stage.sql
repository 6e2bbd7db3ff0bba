select stage_id, stage_name, stage_order, is_closed, is_won, probability

from {{ ref('dim_stage_history') }}
where is_current

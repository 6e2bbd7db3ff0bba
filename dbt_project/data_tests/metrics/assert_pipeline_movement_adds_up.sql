-- Fails for each period and member whose pipeline at the end is not what it was at the start with
-- all movements in between. Something was counted twice or not at all: look at a deal of the member
-- whose spans in fct_pipeline_span do not follow one another.
select
    basis,
    period_grain,
    period_start,
    level,
    member_id,
    start_value,
    end_value,
    start_value
    + created_value
    + increased_value
    + pulled_in_value
    + reopened_value
    - decreased_value
    - pushed_out_value
    - won_value
    - lost_value
    - removed_value
    + transferred_value
    + revaluation_value as explained_end_value

from {{ ref('mart_pipeline_movement') }}
where
    end_value
    <> start_value
    + created_value
    + increased_value
    + pulled_in_value
    + reopened_value
    - decreased_value
    - pushed_out_value
    - won_value
    - lost_value
    - removed_value
    + transferred_value
    + revaluation_value

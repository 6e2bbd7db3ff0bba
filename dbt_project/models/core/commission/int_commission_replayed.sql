select
    credit_id,
    opportunity_id,
    episode,
    sales_rep_id,
    person_id,
    plan_id,
    plan_version,
    is_in_force,
    plan_period_start,
    plan_period_end,
    won_date,
    credit_value,
    rate_value,
    spif_value,
    {{ taken_by_cap('person_id, plan_id, plan_version, plan_period_start') }} as cap_taken_value

from {{ ref('int_commission_earned') }}

select
    attribution_model,
    model_order,
    first_touch_weight,
    lead_creation_weight,
    deal_creation_weight,
    closing_weight,
    other_touches_weight,
    half_life_days

from {{ source('company', 'attribution_models') }}

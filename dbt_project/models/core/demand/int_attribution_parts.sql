{{ config(materialized='view') }}
{#- A millionth, so that a weight is a whole number; and what a touch that is not yet older counts. -#}
{%- set one = 1000000 -%}
with

    -- What each touch gets for the key points that it holds.
    weighted_touches as (

        select
            touches.opportunity_id,
            touches.touch_key,
            models.attribution_model,
            case when touches.is_first_touch then models.first_touch_weight else 0 end
            + case when touches.is_lead_creation then models.lead_creation_weight else 0 end
            + case when touches.is_deal_creation then models.deal_creation_weight else 0 end
            + case when touches.is_closing then models.closing_weight else 0 end as key_weight,
            models.other_touches_weight,
            case
                when models.half_life_days is null
                then {{ one }}
                -- However old it is, it was a touch.
                else
                    greatest(
                        1,
                        cast(
                            round(
                                {{ one }} * power(
                                    cast(0.5 as double),
                                    cast(touches.seconds_before_last as double)
                                    / (86400 * models.half_life_days)
                                )
                            ) as bigint
                        )
                    )
            end as age_units

        from {{ ref('int_deal_touches') }} as touches
        cross join {{ ref('stg_company__attribution_models') }} as models

    ),

    units as (

        select
            *,
            cast(key_weight * {{ one }} as bigint) as key_units,
            case
                when key_weight = 0 and other_touches_weight > 0 then age_units else 0
            end as other_units

        from weighted_touches

    ),

    deal_units as (

        select
            *,
            sum(key_units) over deal as deal_key_units,
            sum(other_units) over deal as deal_other_units

        from units
        window deal as (partition by opportunity_id, attribution_model)

    )

-- A weight that no touch takes is left out of the sum, and so goes to the others in proportion.
select
    opportunity_id,
    touch_key,
    attribution_model,
    case
        when deal_other_units = 0
        then cast(key_units as bigint)
        else
            cast(
                key_units * deal_other_units
                + other_units * cast(other_touches_weight * {{ one }} as bigint) as bigint
            )
    end as touch_part

from deal_units
where key_units > 0 or other_units > 0

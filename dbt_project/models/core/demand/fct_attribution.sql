{#- Shares of a deal are kept to the millionth, its value to the cent. -#}
{%- set millionths = 1000000 -%}
with

    -- Without campaigns there is nothing to share out, and a company without any has no rows here.
    marketing as (select count(*) > 0 as is_there from {{ ref('fct_campaign_touch') }}),

    deals as (

        select deals.*, cast(deals.opportunity_value * 100 as bigint) as value_cents

        from {{ ref('fct_opportunity') }} as deals
        inner join marketing on marketing.is_there
        where deals.is_last_episode and not deals.is_excluded

    ),

    parts as (

        select
            *, sum(touch_part) over (partition by opportunity_id, attribution_model) as deal_parts

        from {{ ref('int_attribution_parts') }}

    ),

    shares as (

        select
            deals.opportunity_id,
            parts.attribution_model,
            parts.touch_key,
            touches.touch_order,
            deals.value_cents,
            {{ share_quotient('deals.value_cents', 'parts.touch_part', 'parts.deal_parts') }}
            as cents,
            {{ share_remainder('deals.value_cents', 'parts.touch_part', 'parts.deal_parts') }}
            as cents_remainder,
            {{ share_quotient(millionths, 'parts.touch_part', 'parts.deal_parts') }} as units,
            {{ share_remainder(millionths, 'parts.touch_part', 'parts.deal_parts') }}
            as units_remainder,
            touches.campaign_id,
            touches.channel,
            touches.touched_date

        from parts
        inner join deals on parts.opportunity_id = deals.opportunity_id
        inner join
            {{ ref('int_deal_touches') }} as touches
            on parts.opportunity_id = touches.opportunity_id
            and parts.touch_key = touches.touch_key

    ),

    -- What is left over goes to the largest remainders; of equal ones to the earlier touch.
    ranked_shares as (

        select
            *,
            abs(value_cents) - sum(cents) over deal as cents_left,
            {{ millionths }} - sum(units) over deal as units_left,
            row_number() over (
                partition by opportunity_id, attribution_model
                order by cents_remainder desc, touch_order asc
            ) as cents_rank,
            row_number() over (
                partition by opportunity_id, attribution_model
                order by units_remainder desc, touch_order asc
            ) as units_rank

        from shares
        window deal as (partition by opportunity_id, attribution_model)

    ),

    touched_shares as (

        select
            opportunity_id,
            attribution_model,
            touch_key,
            campaign_id,
            channel,
            touched_date,
            units + case when units_rank <= units_left then 1 else 0 end as units,
            case when value_cents < 0 then -1 else 1 end
            * (cents + case when cents_rank <= cents_left then 1 else 0 end) as cents

        from ranked_shares

    ),

    touched_deals as (select distinct opportunity_id, attribution_model from touched_shares),

    all_shares as (

        select *
        from touched_shares

        union all

        select
            deals.opportunity_id,
            models.attribution_model,
            'untouched' as touch_key,
            'untouched' as campaign_id,
            'untouched' as channel,
            cast(null as date) as touched_date,
            {{ millionths }} as units,
            deals.value_cents as cents

        from deals
        cross join {{ ref('stg_company__attribution_models') }} as models
        left join
            touched_deals
            on deals.opportunity_id = touched_deals.opportunity_id
            and models.attribution_model = touched_deals.attribution_model
        where touched_deals.opportunity_id is null

    )

select
    deals.opportunity_key,
    shares.opportunity_id,
    shares.attribution_model,
    shares.touch_key,
    shares.campaign_id,
    shares.channel,
    shares.touched_date,
    deals.created_date,
    deals.closed_date,
    deals.is_closed,
    deals.is_won,
    cast(
        cast(shares.units as decimal(18, 0)) * cast(0.000001 as decimal(7, 6)) as decimal(9, 6)
    ) as attributed_share,
    cast(
        cast(shares.cents as decimal(20, 0)) * cast(0.01 as decimal(3, 2)) as decimal(18, 2)
    ) as attributed_value

from all_shares as shares
inner join deals on shares.opportunity_id = deals.opportunity_id

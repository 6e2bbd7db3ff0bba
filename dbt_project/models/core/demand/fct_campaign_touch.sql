with

    -- Of the deals that a touch led to, the one that was decided next, or still is open.
    next_deals as (

        select
            touch_key,
            opportunity_id,
            account_id,
            row_number() over (
                partition by touch_key order by closed_at, opportunity_created_at, opportunity_id
            ) as deal_order

        from {{ ref('int_deal_touches') }}

    ),

    deal_counts as (

        select touch_key, count(*) as opportunities

        from {{ ref('int_deal_touches') }}
        group by touch_key

    ),

    leads as (

        select
            leads.lead_id,
            leads.campaign_id,
            {{ latest_moment('leads.created_at', 'leads.created_date', 'settings.time_zone') }}
            as known_at

        from {{ ref('fct_lead') }} as leads
        cross join {{ ref('stg_company__settings') }} as settings

    ),

    -- A lead came from the campaign that it names itself, else from the last one that the person
    -- answered by then.
    lead_touches as (

        select
            touches.touch_key,
            row_number() over (
                partition by leads.lead_id
                order by
                    case when touches.campaign_id = leads.campaign_id then 0 else 1 end asc,
                    case when touches.touched_at <= leads.known_at then 0 else 1 end asc,
                    touches.touched_at desc,
                    touches.touch_key asc
            ) as touch_order

        from {{ ref('int_campaign_touches') }} as touches
        inner join leads on touches.lead_id = leads.lead_id
        where
            touches.is_engagement
            and (touches.campaign_id = leads.campaign_id or touches.touched_at <= leads.known_at)

    ),

    bringing_touches as (select touch_key from lead_touches where touch_order = 1)

select
    touches.touch_key,
    touches.touch_kind,
    touches.touch_type,
    touches.campaign_id,
    touches.channel,
    touches.lead_id,
    touches.contact_id,
    coalesce(touches.account_id, deals.account_id) as account_id,
    deals.opportunity_id,
    cast(coalesce(deal_counts.opportunities, 0) as bigint) as opportunities,
    touches.touched_at,
    touches.touched_date,
    touches.is_engagement,
    bringing_touches.touch_key is not null as is_lead_source

from {{ ref('int_campaign_touches') }} as touches
left join next_deals as deals on touches.touch_key = deals.touch_key and deals.deal_order = 1
left join deal_counts on touches.touch_key = deal_counts.touch_key
left join bringing_touches on touches.touch_key = bringing_touches.touch_key

union all

-- The campaign that a deal names itself touched nobody that is known.
select
    touches.touch_key,
    touches.touch_kind,
    touches.touch_type,
    touches.campaign_id,
    touches.channel,
    cast(null as string) as lead_id,
    cast(null as string) as contact_id,
    touches.account_id,
    touches.opportunity_id,
    cast(1 as bigint) as opportunities,
    touches.touched_at,
    touches.touched_date,
    true as is_engagement,
    false as is_lead_source

from {{ ref('int_deal_touches') }} as touches
where touches.touch_kind = 'deal_campaign'

with

    settings as (select time_zone from {{ ref('stg_company__settings') }}),

    people as (select * from {{ ref('int_deal_prospects') }}),

    -- The deal began with a lead that became it, else with any lead of its people, and with a
    -- contact only where there was no lead.
    leads as (

        select
            opportunity_id,
            coalesce(
                min(converted_lead_created_at), min(lead_created_at), min(contact_created_at)
            ) as lead_created_at

        from people
        group by opportunity_id

    ),

    -- Of a deal that the first extract shows nobody knows when it was created, but its campaign
    -- brought it before that.
    episodes as (

        select
            *,
            coalesce(
                created_date,
                least(min(opened_date) over (partition by opportunity_id), closed_date)
            ) as campaign_touched_date

        from {{ ref('fct_opportunity') }}

    ),

    -- Of an open deal the closing lies ahead: its last touch so far takes that place.
    deals as (

        select
            deals.opportunity_id,
            deals.account_id,
            deals.campaign_id,
            deals.campaign_touched_date,
            leads.lead_created_at,
            {{ latest_moment('deals.created_at', 'deals.created_date', 'settings.time_zone') }}
            as opportunity_created_at,
            case
                when deals.is_closed
                then
                    {{ latest_moment('deals.closed_at', 'deals.closed_date', 'settings.time_zone') }}
                else {{ open_end() }}
            end as closed_at,
            coalesce(
                deals.created_at,
                {{ start_of_day('deals.campaign_touched_date', 'settings.time_zone') }}
            ) as campaign_touched_at

        from episodes as deals
        cross join settings
        left join leads on deals.opportunity_id = leads.opportunity_id
        where deals.is_last_episode and not deals.is_excluded

    ),

    touches_of_people as (

        select
            deals.opportunity_id,
            deals.account_id,
            deals.lead_created_at,
            deals.opportunity_created_at,
            deals.closed_at,
            touches.touch_key,
            touches.touch_kind,
            touches.touch_type,
            touches.campaign_id,
            touches.channel,
            touches.touched_at,
            touches.touched_date

        from {{ ref('int_campaign_touches') }} as touches
        inner join people on touches.prospect_key = people.prospect_key
        inner join deals on people.opportunity_id = deals.opportunity_id
        where touches.is_engagement and touches.touched_at <= deals.closed_at

    ),

    known_campaigns as (

        select opportunity_id, campaign_id, min(touched_at) as first_touched_at

        from touches_of_people
        group by opportunity_id, campaign_id

    ),

    -- The deal's own campaign stands in where no touch tells of it by then: what was answered later
    -- did not bring the deal.
    touches as (

        select *
        from touches_of_people

        union all

        select
            deals.opportunity_id,
            deals.account_id,
            deals.lead_created_at,
            deals.opportunity_created_at,
            deals.closed_at,
            'deal#' || deals.opportunity_id as touch_key,
            'deal_campaign' as touch_kind,
            cast(null as string) as touch_type,
            {{ or_unknown('campaigns.campaign_id') }} as campaign_id,
            {{ or_unknown('campaigns.channel') }} as channel,
            deals.campaign_touched_at as touched_at,
            deals.campaign_touched_date as touched_date

        from deals
        left join
            {{ ref('dim_campaign') }} as campaigns
            on deals.campaign_id = campaigns.campaign_id
            and campaigns.is_current
        left join
            known_campaigns
            on deals.opportunity_id = known_campaigns.opportunity_id
            and deals.campaign_id = known_campaigns.campaign_id
            and deals.opportunity_created_at >= known_campaigns.first_touched_at
        where
            deals.campaign_id is not null
            and known_campaigns.opportunity_id is null
            and deals.campaign_touched_at <= deals.closed_at

    ),

    ordered_touches as (

        select
            *,
            row_number() over (
                partition by opportunity_id order by touched_at, touch_key
            ) as touch_order

        from touches

    ),

    -- A key point is held by the last touch up to it.
    key_touches as (

        select
            *,
            max(case when touched_at <= lead_created_at then touch_order end) over (
                partition by opportunity_id
            ) as lead_creation_order,
            max(case when touched_at <= opportunity_created_at then touch_order end) over (
                partition by opportunity_id
            ) as deal_creation_order,
            max(touch_order) over (partition by opportunity_id) as closing_order,
            max(touched_at) over (partition by opportunity_id) as last_touched_at

        from ordered_touches

    )

select
    opportunity_id,
    touch_key,
    touch_kind,
    touch_type,
    account_id,
    campaign_id,
    channel,
    touched_at,
    touched_date,
    opportunity_created_at,
    closed_at,
    touch_order,
    touch_order = 1 as is_first_touch,
    coalesce(touch_order = lead_creation_order, false) as is_lead_creation,
    coalesce(touch_order = deal_creation_order, false) as is_deal_creation,
    touch_order = closing_order as is_closing,
    {{ seconds_between('touched_at', 'last_touched_at') }} as seconds_before_last

from key_touches

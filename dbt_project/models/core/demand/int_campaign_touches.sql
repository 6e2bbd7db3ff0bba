with

    settings as (select time_zone from {{ ref('stg_company__settings') }}),

    campaigns as (select campaign_id, channel from {{ ref('dim_campaign') }} where is_current),

    -- A contact that the CRM does not have says nothing of a person, and a lead beside it does.
    recorded_touches as (

        select
            touches.touch_id,
            touches.touch_type,
            touches.campaign_id,
            touches.channel,
            touches.touched_at,
            touches.visitor_id,
            touches.lead_id,
            contacts.record_id as contact_id,
            touches.lead_id is not null or touches.contact_id is not null as is_named

        from {{ ref('stg_crm__touches') }} as touches
        left join
            {{ ref('int_prospects') }} as contacts
            on contacts.record_kind = 'contact'
            and touches.contact_id = contacts.record_id

    ),

    -- A visitor of the web site is whoever first left a name.
    named_touches as (

        select
            touches.visitor_id,
            prospects.record_kind,
            prospects.record_id,
            row_number() over (
                partition by touches.visitor_id order by touches.touched_at, touches.touch_id
            ) as name_order

        from recorded_touches as touches
        inner join
            {{ ref('int_prospects') }} as prospects
            on prospects.record_kind
            = case when touches.contact_id is null then 'lead' else 'contact' end
            and prospects.record_id = coalesce(touches.contact_id, touches.lead_id)
        where touches.visitor_id is not null

    ),

    visitors as (select * from named_touches where name_order = 1),

    -- Who filled in a second form came back by its campaign, whichever lead the person counts as.
    leads as (

        select lead_id, campaign_id, created_at, created_date
        from {{ ref('fct_lead') }}

        union all

        select
            second.record_id as lead_id, second.campaign_id, second.created_at, second.created_date

        from {{ ref('int_prospects') }} as second
        inner join {{ ref('fct_lead') }} as kept on second.lead_id = kept.lead_id
        where
            second.record_kind = 'lead'
            and second.record_id <> second.lead_id
            and second.created_date is not null

    ),

    touches as (

        select
            'touch#' || touches.touch_id as touch_key,
            'touch' as touch_kind,
            touches.touch_type,
            touches.campaign_id,
            touches.channel,
            case
                when not touches.is_named
                then visitors.record_kind
                when touches.contact_id is not null
                then 'contact'
                else 'lead'
            end as record_kind,
            case
                when not touches.is_named
                then visitors.record_id
                else coalesce(touches.contact_id, touches.lead_id)
            end as record_id,
            touches.touched_at,
            {{ business_date('touches.touched_at', 'settings.time_zone') }} as touched_date,
            -- Whoever was only shown something may never have seen it.
            touches.touch_type not in ('ad_view', 'email_open') as is_engagement,
            cast(null as timestamp) as lead_created_at

        from recorded_touches as touches
        cross join settings
        left join visitors on touches.visitor_id = visitors.visitor_id

        {%- for kind in ['member', 'response'] %}

            union all

            select
                '{{ kind }}#' || campaign_member_id as touch_key,
                '{{ kind }}' as touch_kind,
                member_status as touch_type,
                campaign_id,
                channel,
                case when contact_id is null then 'lead' else 'contact' end as record_kind,
                coalesce(contact_id, lead_id) as record_id,
                {{ kind }}_at as touched_at,
                {{ kind }}_date as touched_date,
                {{ 'true' if kind == 'response' else 'false' }} as is_engagement,
                cast(null as timestamp) as lead_created_at

            from {{ ref('int_campaign_members') }}
            where {{ kind }}_at is not null
        {%- endfor %}

        union all

        select
            'lead#' || leads.lead_id as touch_key,
            'lead_campaign' as touch_kind,
            cast(null as string) as touch_type,
            leads.campaign_id,
            cast(null as string) as channel,
            'lead' as record_kind,
            leads.lead_id as record_id,
            coalesce(
                leads.created_at, {{ start_of_day('leads.created_date', 'settings.time_zone') }}
            ) as touched_at,
            leads.created_date as touched_date,
            true as is_engagement,
            {{ latest_moment('leads.created_at', 'leads.created_date', 'settings.time_zone') }}
            as lead_created_at

        from leads
        cross join settings
        where leads.campaign_id is not null

    ),

    touches_of_prospects as (

        select
            touches.*,
            prospects.prospect_key,
            prospects.lead_id,
            prospects.contact_id,
            prospects.account_id

        from touches
        left join
            {{ ref('int_prospects') }} as prospects
            on touches.record_kind = prospects.record_kind
            and touches.record_id = prospects.record_id

    ),

    known_campaigns as (

        select prospect_key, campaign_id, min(touched_at) as first_touched_at

        from touches_of_prospects
        where touch_kind <> 'lead_campaign' and is_engagement
        group by prospect_key, campaign_id

    )

select
    touches.touch_key,
    touches.touch_kind,
    touches.touch_type,
    {{ or_unknown('campaigns.campaign_id') }} as campaign_id,
    {{ or_unknown('coalesce(touches.channel, campaigns.channel)') }} as channel,
    touches.prospect_key,
    touches.lead_id,
    touches.contact_id,
    touches.account_id,
    touches.touched_at,
    touches.touched_date,
    touches.is_engagement

from touches_of_prospects as touches
left join campaigns on touches.campaign_id = campaigns.campaign_id
-- The lead's own campaign stands in where nothing else tells of it by then: what was answered
-- later did not bring the lead.
left join
    known_campaigns
    on touches.touch_kind = 'lead_campaign'
    and touches.prospect_key = known_campaigns.prospect_key
    and touches.campaign_id = known_campaigns.campaign_id
    and touches.lead_created_at >= known_campaigns.first_touched_at
where known_campaigns.prospect_key is null

{{ config(materialized='view') }}
with

    campaigns as (select campaign_id from {{ ref('stg_crm__campaigns_history') }} where is_current),

    problems as (

        select campaign_id, campaign_id as record_id, problem

        from {{ ref('int_campaign_parents') }}
        where problem is not null

        union all

        select campaign_id, campaign_member_id as record_id, 'member_of_unknown_campaign' as problem

        from {{ ref('int_campaign_members') }}
        where known_campaign_id is null

        union all

        select campaign_id, campaign_member_id as record_id, 'member_on_no_day' as problem

        from {{ ref('int_campaign_members') }}
        where member_at is null

        union all

        select
            members.campaign_id,
            members.campaign_member_id as record_id,
            'member_is_nobody' as problem

        from {{ ref('int_campaign_members') }} as members
        left join
            {{ ref('int_prospects') }} as prospects
            on prospects.record_kind
            = case when members.contact_id is null then 'lead' else 'contact' end
            and prospects.record_id = coalesce(members.contact_id, members.lead_id)
        where prospects.record_id is null

        union all

        select
            touches.campaign_id,
            touches.touch_id as record_id,
            'touch_of_unknown_campaign' as problem

        from {{ ref('stg_crm__touches') }} as touches
        left join campaigns on touches.campaign_id = campaigns.campaign_id
        where touches.campaign_id is not null and campaigns.campaign_id is null

        {%- for problem, condition in {
            'cost_of_unknown_campaign': "campaign_id = 'unknown'",
            'cost_without_currency': 'is_currency_missing',
            'cost_on_no_day': 'cost_date is null',
            'cost_without_exchange_rate': 'cost_date is not null and cost_value is null',
        }.items() %}

            union all

            select campaign_id, cost_key as record_id, '{{ problem }}' as problem

            from {{ ref('fct_campaign_cost') }}
            where {{ condition }}
        {%- endfor %}

    )

select *
from problems

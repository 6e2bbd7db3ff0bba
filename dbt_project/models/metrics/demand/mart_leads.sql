with

    -- What the person did first, whichever campaign it was of.
    first_touches as (

        select lead_id, min(touched_date) as first_touch_date

        from {{ ref('fct_campaign_touch') }}
        where is_engagement and lead_id is not null
        group by lead_id

    ),

    leads as (

        select
            leads.*,
            warehouse.as_of_date,
            not leads.is_converted
            and coalesce(leads.lead_step not in ('converted', 'disqualified'), true) as is_open

        from {{ ref('fct_lead') }} as leads
        cross join {{ ref('dim_as_of') }} as warehouse

    )

select
    leads.lead_id,
    leads.company_name,
    case
        when leads.is_converted then 'converted' when leads.is_open then 'open' else leads.lead_step
    end as outcome,
    leads.lead_status_name,
    leads.lead_step,
    leads.lead_source,
    leads.campaign_id,
    campaigns.campaign_name,
    leads.industry,
    leads.country,
    leads.rating,
    leads.score,
    leads.disqualification_reason,

    leads.owner_id,
    leads.sales_rep_id,
    reps.member_name as sales_rep_name,
    leads.team_id,
    teams.member_name as team_name,
    leads.branch_id,
    branches.member_name as branch_name,
    leads.territory_id,
    territories.member_name as territory_name,
    leads.responding_sales_rep_id,

    leads.created_at,
    leads.created_date,
    leads.assigned_at,
    leads.assigned_date,
    first_touches.first_touch_date,
    leads.first_response_at,
    leads.first_response_date,
    {{ minutes_of_seconds('leads.first_response_seconds') }} as first_response_minutes,
    {{ minutes_of_seconds('leads.first_response_business_seconds') }}
    as first_response_business_minutes,
    leads.is_within_sla,
    leads.positive_response_date,
    leads.accepted_date,
    leads.qualified_date,
    leads.converted_date,
    leads.disqualified_date,
    leads.recycled_date,
    case
        when leads.is_open then {{ days_between('leads.created_date', 'leads.as_of_date') }}
    end as age_days,
    leads.last_activity_date,
    case
        when leads.is_open then {{ days_between('leads.last_activity_date', 'leads.as_of_date') }}
    end as days_since_last_activity,

    {%- for milestone in lead_milestones() %} leads.is_{{ milestone }}, {%- endfor %}
    leads.is_open,

    leads.converted_opportunity_id as opportunity_id,
    deals.opportunity_name,
    case
        when deals.is_won
        then 'won'
        when deals.is_lost
        then 'lost'
        when not deals.is_closed
        then 'open'
    end as deal_outcome,
    deals.opportunity_value,
    deals.closed_date as deal_closed_date,
    leads.source_system

from leads
left join first_touches on leads.lead_id = first_touches.lead_id
left join
    {{ ref('fct_opportunity') }} as deals
    on leads.converted_opportunity_id = deals.opportunity_id
    and deals.is_last_episode
    and not deals.is_excluded
left join
    {{ ref('dim_campaign') }} as campaigns
    on leads.campaign_id = campaigns.campaign_id
    and campaigns.is_current
left join
    {{ ref('dim_member') }} as reps on reps.level = 'rep' and leads.sales_rep_id = reps.member_id
left join
    {{ ref('dim_member') }} as teams on teams.level = 'team' and leads.team_id = teams.member_id
left join
    {{ ref('dim_member') }} as branches
    on branches.level = 'branch'
    and leads.branch_id = branches.member_id
left join
    {{ ref('dim_member') }} as territories
    on territories.level = 'territory'
    and leads.territory_id = territories.member_id

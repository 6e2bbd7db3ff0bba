with

    statuses as (select * from {{ ref('stg_crm__lead_statuses') }}),

    -- What was done about a person by a person, from either side, by whichever of her leads.
    last_activities as (

        select
            coalesce(persons.kept_lead_id, activities.lead_id) as lead_id,
            max(activities.started_at) as last_activity_at

        from {{ ref('stg_crm__activities') }} as activities
        cross join {{ ref('dim_as_of') }} as warehouse
        left join
            {{ ref('int_lead_merges') }} as persons
            on activities.lead_id = persons.lead_id
            and persons.is_current
        where
            activities.lead_id is not null
            and {{ held_by_a_person('activities', 'warehouse.as_of_at') }}
        group by coalesce(persons.kept_lead_id, activities.lead_id)

    )

select
    leads.lead_id,
    leads.source_system,
    leads.lead_status_id,
    coalesce(statuses.lead_status_name, leads.lead_status_id) as lead_status_name,
    statuses.lead_step,
    states.lead_source,
    leads.campaign_id,
    leads.industry,
    leads.country,
    leads.rating,
    leads.score,
    leads.disqualification_reason,

    states.sales_rep_id,
    states.team_id,
    states.branch_id,
    states.territory_id,
    leads.owner_id,
    states.responding_sales_rep_id,

    states.created_at,
    states.created_date,
    {%- for milestone in lead_milestones() %}
        states.is_{{ milestone }}, states.{{ milestone }}_at, states.{{ milestone }}_date,
    {%- endfor %}
    states.converted_opportunity_id,
    leads.converted_account_id,
    leads.converted_contact_id,

    states.is_timed,
    states.first_response_seconds,
    states.first_response_business_seconds,
    states.response_sla_seconds,
    case
        when states.is_timed
        then coalesce(states.first_response_business_seconds <= states.response_sla_seconds, false)
    end as is_within_sla,
    states.days_to_positive_response,
    leads.company_name,
    last_activities.last_activity_at,
    {{ business_date('last_activities.last_activity_at', 'settings.time_zone') }}
    as last_activity_date

from {{ ref('int_lead_states_timed') }} as states
inner join {{ ref('dim_as_of') }} as warehouse on states.cutoff_date = warehouse.as_of_date
inner join {{ ref('stg_crm__leads') }} as leads on states.lead_id = leads.lead_id
cross join {{ ref('stg_company__settings') }} as settings
left join statuses on leads.lead_status_id = statuses.lead_status_id
left join last_activities on leads.lead_id = last_activities.lead_id

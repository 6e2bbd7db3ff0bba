with statuses as (select * from {{ ref('stg_crm__lead_statuses') }})

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
    leads.converted_opportunity_id,
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
    states.days_to_positive_response

from {{ ref('int_lead_states_timed') }} as states
inner join {{ ref('dim_as_of') }} as warehouse on states.cutoff_date = warehouse.as_of_date
inner join {{ ref('stg_crm__leads') }} as leads on states.lead_id = leads.lead_id
left join statuses on leads.lead_status_id = statuses.lead_status_id

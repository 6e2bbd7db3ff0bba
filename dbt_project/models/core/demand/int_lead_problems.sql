{{ config(materialized='view') }}
with

    leads as (

        select
            versions.lead_id,
            versions.created_at,
            versions.created_date,
            versions.is_excluded,
            settings.time_zone

        from {{ ref('int_lead_versions') }} as versions
        cross join {{ ref('stg_company__settings') }} as settings
        where versions.is_current

    ),

    statuses as (select lead_status_id from {{ ref('stg_crm__lead_statuses') }}),

    conversions as (

        select lead_id, count(distinct converted_opportunity_id) as deals

        from {{ ref('int_lead_versions') }}
        group by lead_id

    ),

    problems as (

        select
            activities.lead_id,
            activities.activity_id as event_id,
            case
                when leads.lead_id is null then 'unknown_lead' else 'activity_before_lead'
            end as problem

        from {{ ref('stg_crm__activities') }} as activities
        left join leads on activities.lead_id = leads.lead_id
        where
            activities.lead_id is not null
            and (leads.lead_id is null or {{ is_before_lead('activities.started_at') }})

        union all

        select
            changes.lead_id,
            changes.lead_status_history_id as event_id,
            case
                when leads.lead_id is null
                then 'unknown_lead'
                when statuses.lead_status_id is null
                then 'unknown_status'
                else 'status_before_lead'
            end as problem

        from {{ ref('stg_crm__lead_status_history') }} as changes
        left join leads on changes.lead_id = leads.lead_id
        left join statuses on changes.lead_status_id = statuses.lead_status_id
        where
            leads.lead_id is null
            or statuses.lead_status_id is null
            or {{ is_before_lead('changes.changed_at') }}

        union all

        select leads.lead_id, leads.lead_id as event_id, 'unknown_status' as problem

        from {{ ref('stg_crm__leads') }} as leads
        left join statuses on leads.lead_status_id = statuses.lead_status_id
        where leads.lead_status_id is not null and statuses.lead_status_id is null

        union all

        select reported.lead_id, reported.lead_id as event_id, 'response_before_lead' as problem

        from {{ ref('stg_crm__leads') }} as reported
        inner join leads on reported.lead_id = leads.lead_id
        where
            {{ is_before_lead('reported.first_responded_at') }}
            or {{ is_before_lead('reported.positive_response_at') }}

        union all

        select reported.lead_id, reported.lead_id as event_id, 'conversion_before_lead' as problem

        from {{ ref('stg_crm__leads') }} as reported
        inner join leads on reported.lead_id = leads.lead_id
        where
            {{ is_before_lead('reported.converted_at') }}
            or reported.converted_date < leads.created_date

        union all

        select lead_id, lead_id as event_id, 'converted_twice' as problem

        from conversions
        where deals > 1

        union all

        select
            leads.lead_id,
            leads.lead_id as event_id,
            case
                when leads.created_date is null then 'unknown_creation' else 'created_in_the_future'
            end as problem

        from leads
        cross join {{ ref('dim_as_of') }} as warehouse
        where not leads.is_excluded and coalesce(leads.created_date > warehouse.as_of_date, true)

    )

select *
from problems

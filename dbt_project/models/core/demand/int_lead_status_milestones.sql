{{ config(materialized=shared_view()) }}
with

    settings as (select time_zone from {{ ref('stg_company__settings') }}),

    first_extracts as (select * from {{ ref('int_lead_first_extracts') }}),

    statuses as (

        select
            lead_status_id,
            lead_step,
            coalesce(
                is_positive_response, lead_step in ('responded', 'qualified', 'converted')
            ) as is_positive_response

        from {{ ref('stg_crm__lead_statuses') }}

    ),

    milestones as (

        {%- for step, milestones in milestones_of_steps().items() %}
            {%- set is_last_step = loop.last %}
            {%- for milestone in milestones %}
                select lead_status_id, '{{ milestone }}' as milestone
                from statuses
                where lead_step = '{{ step }}'
                union all
            {%- endfor %}
        {%- endfor %}
        select lead_status_id, 'positive_response' as milestone
        from statuses
        where is_positive_response

    ),

    reported_changes as (

        select
            changes.lead_id,
            changes.lead_status_id,
            changes.changed_at as event_at,
            cast(null as date) as event_date,
            cast(null as date) as latest_date,
            case
                when changes.valid_from <= first_extracts.first_reported_at
                then {{ open_start_date() }}
                else {{ extract_date('changes.valid_from', 'settings.time_zone') }}
            end as known_from_date,
            case
                when changes.is_current
                then {{ open_end_date() }}
                else {{ extract_date('changes.valid_to', 'settings.time_zone') }}
            end as known_to_date,
            changes.owner_id

        from {{ ref('stg_crm__lead_status_history_history') }} as changes
        cross join settings
        inner join first_extracts on changes.source_system = first_extracts.source_system
        where not changes.is_vanished

    ),

    reported_from_the_start as (

        select distinct lead_id, lead_status_id

        from reported_changes
        where known_from_date = {{ open_start_date() }}

    ),

    -- Where no history reports it, extracts show that a lead has come to a status: by the day of
    -- the extract, or, of the first extract, at some time before. The latter says nothing where the
    -- history has said all along when it was: a freeze before would take it for reached.
    observed_changes as (

        select
            versions.lead_id,
            versions.lead_status_id,
            cast(null as timestamp) as event_at,
            nullif(versions.known_from_date, {{ open_start_date() }}) as event_date,
            case
                when versions.known_from_date = {{ open_start_date() }} then versions.shown_date
            end as latest_date,
            versions.known_from_date,
            {{ open_end_date() }} as known_to_date,
            versions.owner_sales_rep_id as owner_id

        from {{ ref('int_lead_versions') }} as versions
        left join
            reported_from_the_start as reported
            on versions.lead_id = reported.lead_id
            and versions.lead_status_id = reported.lead_status_id
        where
            versions.has_new_status
            and versions.lead_status_id is not null
            and (reported.lead_id is null or versions.known_from_date > {{ open_start_date() }})

    ),

    changes as (

        select *
        from reported_changes
        union all
        select *
        from observed_changes

    )

select
    changes.lead_id,
    milestones.milestone,
    changes.event_at,
    changes.event_date,
    changes.latest_date,
    changes.known_from_date,
    changes.known_to_date,
    changes.owner_id

from changes
inner join milestones on changes.lead_status_id = milestones.lead_status_id

-- Whoever owns a lead when its status changes had it assigned by then.
union all

select
    lead_id,
    'assigned' as milestone,
    event_at,
    event_date,
    latest_date,
    known_from_date,
    known_to_date,
    owner_id

from reported_changes
where owner_id is not null

{{ config(materialized='view') }}
with

    leads as (

        select leads.lead_id, leads.created_at, leads.created_date, warehouse.as_of_date

        from {{ ref('fct_lead') }} as leads
        cross join {{ ref('dim_as_of') }} as warehouse

    ),

    dated_changes as (

        select
            changes.*,
            {{ reported_date('changes.changed_at', 'settings.time_zone') }} as changed_date,
            settings.time_zone

        from {{ ref('stg_crm__lead_status_history') }} as changes
        cross join {{ ref('stg_company__settings') }} as settings

    ),

    -- A rule of the CRM may change a status twice in one moment: where one change begins with the
    -- status that another led to, it is the later one.
    continued_changes as (

        select distinct lead_id, changed_at, old_lead_status_id as lead_status_id

        from dated_changes
        where old_lead_status_id <> lead_status_id

    ),

    -- What comes before its lead is an error, which the core gate reports.
    reported_changes as (

        select
            changes.*,
            {{ time_of_day_known('changes.changed_at', 'changes.changed_date', 'changes.time_zone') }}
            as entered_at,
            leads.created_at,
            leads.created_date,
            row_number() over changes_of_lead as change_number,
            lead(changes.changed_at) over changes_of_lead as next_changed_at

        from dated_changes as changes
        inner join leads on changes.lead_id = leads.lead_id
        left join
            {{ ref('stg_crm__lead_statuses') }} as statuses
            on changes.lead_status_id = statuses.lead_status_id
        left join
            continued_changes
            on changes.lead_id = continued_changes.lead_id
            and changes.changed_at = continued_changes.changed_at
            and changes.lead_status_id = continued_changes.lead_status_id
        where changes.changed_date between leads.created_date and leads.as_of_date
        window
            changes_of_lead as (
                partition by changes.lead_id
                order by
                    changes.changed_at asc,
                    case when continued_changes.lead_id is null then 1 else 0 end asc,
                    coalesce(statuses.lead_status_order, 0) asc,
                    changes.lead_status_history_id asc
            )

    ),

    last_changes as (

        select lead_id, changed_date from reported_changes where next_changed_at is null

    )

-- What the first change led away from had been the lead's status since its creation.
select
    lead_id,
    'creation_date' as known_by,
    cast(0 as bigint) as change_number,
    old_lead_status_id as lead_status_id,
    cast(null as string) as owner_id,
    created_date as valid_from_date,
    created_at as entered_at,
    true as is_start_known

from reported_changes
where change_number = 1 and coalesce(created_at < entered_at, true)

union all

select
    lead_id,
    'status_history' as known_by,
    change_number,
    lead_status_id,
    owner_id,
    changed_date as valid_from_date,
    entered_at,
    true as is_start_known

from reported_changes
where coalesce(next_changed_at > changed_at, true)

union all

-- Extracts show what came after the last change; where no history has any, everything.
select
    versions.lead_id,
    'extract' as known_by,
    versions.version_number as change_number,
    versions.lead_status_id,
    cast(null as string) as owner_id,
    greatest(versions.shown_date, leads.created_date) as valid_from_date,
    cast(null as timestamp) as entered_at,
    versions.known_from_date > {{ open_start_date() }} as is_start_known

from {{ ref('int_lead_versions') }} as versions
inner join leads on versions.lead_id = leads.lead_id
left join last_changes on versions.lead_id = last_changes.lead_id
where versions.has_new_status and coalesce(versions.shown_date > last_changes.changed_date, true)

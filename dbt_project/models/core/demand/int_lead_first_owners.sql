{{ config(materialized='view') }}
with

    settings as (select time_zone from {{ ref('stg_company__settings') }}),

    owned_versions as (

        select *, row_number() over (partition by lead_id order by version_number) as owner_number

        from {{ ref('int_lead_versions') }}
        where owner_sales_rep_id is not null

    ),

    -- What first showed a rep as the owner.
    first_owners as (

        select
            versions.lead_id,
            versions.owner_sales_rep_id as owner_id,
            versions.created_date,
            versions.known_from_date,
            versions.shown_date,
            versions.version_number = 1 as is_of_first_version

        from owned_versions as versions
        where versions.owner_number = 1

    ),

    reported_changes as (

        select
            changes.lead_id,
            changes.owner_id,
            {{ business_date('changes.changed_at', 'settings.time_zone') }} as changed_date,
            case
                when changes.valid_from <= first_extracts.first_reported_at
                then {{ open_start_date() }}
                else {{ extract_date('changes.valid_from', 'settings.time_zone') }}
            end as reported_date

        from {{ ref('stg_crm__lead_status_history_history') }} as changes
        cross join settings
        inner join
            {{ ref('int_lead_first_extracts') }} as first_extracts
            on changes.source_system = first_extracts.source_system
        where changes.owner_id is not null

    ),

    -- Another had the lead first, be it a queue or a rep: from the day on that this is told, the
    -- owner of its first extract is not taken for the owner since creation.
    reported_owners as (

        select
            first_owners.lead_id,
            min(
                case when changes.owner_id <> first_owners.owner_id then changes.reported_date end
            ) as other_reported_date,
            min(
                case when changes.owner_id = first_owners.owner_id then changes.reported_date end
            ) as reported_date

        from first_owners
        inner join
            reported_changes as changes
            on first_owners.lead_id = changes.lead_id
            and (
                first_owners.owner_id = changes.owner_id
                or first_owners.shown_date > changes.changed_date
            )
        where first_owners.is_of_first_version
        group by first_owners.lead_id

    )

select
    owners.lead_id,
    owners.owner_id,
    case
        when owners.is_of_first_version then owners.created_date else owners.shown_date
    end as owned_date,
    owners.known_from_date,
    coalesce(reported_owners.other_reported_date, {{ open_end_date() }}) as known_to_date

from first_owners as owners
left join reported_owners on owners.lead_id = reported_owners.lead_id

union all

-- The lead had come to its owner by the day of that extract, as long as its history does not tell
-- when.
select
    owners.lead_id,
    owners.owner_id,
    owners.shown_date as owned_date,
    greatest(owners.known_from_date, reported_owners.other_reported_date) as known_from_date,
    coalesce(reported_owners.reported_date, {{ open_end_date() }}) as known_to_date

from first_owners as owners
inner join reported_owners on owners.lead_id = reported_owners.lead_id
where reported_owners.other_reported_date is not null

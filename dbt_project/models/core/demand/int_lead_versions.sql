with

    settings as (select time_zone from {{ ref('stg_company__settings') }}),

    -- The first extract of a system tells of all the time before it, and so is never late.
    first_extracts as (select * from {{ ref('int_lead_first_extracts') }}),

    -- An owner that is no user of the CRM is a queue, which answers nobody.
    reps as (

        select distinct sales_rep_id from {{ ref('dim_sales_rep') }} where sales_rep_id <> 'unknown'

    ),

    dated_versions as (

        select
            leads.*,
            reps.sales_rep_id as owner_sales_rep_id,
            {{ reported_date('leads.created_at', 'settings.time_zone') }} as created_at_date,
            case
                when leads.valid_from = first_extracts.first_reported_at
                then {{ open_start_date() }}
                else {{ extract_date('leads.valid_from', 'settings.time_zone') }}
            end as known_from_date,
            case
                when leads.is_current
                then {{ open_end_date() }}
                else {{ extract_date('leads.valid_to', 'settings.time_zone') }}
            end as known_to_date,
            (
                coalesce(leads.is_converted, false)
                or leads.converted_at is not null
                or leads.converted_date is not null
            ) as is_known_as_converted,
            settings.time_zone

        from {{ ref('stg_crm__leads_history') }} as leads
        cross join settings
        inner join first_extracts on leads.source_system = first_extracts.source_system
        left join reps on leads.owner_id = reps.sales_rep_id

    ),

    shown_versions as (

        select
            *,
            coalesce(
                nullif(known_from_date, {{ open_start_date() }}),
                {{ business_date('valid_from', 'time_zone') }}
            ) as shown_date

        from dated_versions

    ),

    -- Of a lead whose creation nobody reports, the extract that first shows it tells the day,
    -- unless it is the first one of all.
    compared_versions as (

        select
            *,
            nullif(
                min(known_from_date) over (partition by lead_id), {{ open_start_date() }}
            ) as first_shown_date,
            {{ first_known('owner_sales_rep_id', 'up_to_version') }} as sales_rep_id,
            -- Who gets the lead afterwards has not answered it.
            {{ first_known('owner_sales_rep_id', 'with_response') }} as responding_sales_rep_id,
            min(case when is_known_as_converted then shown_date end) over up_to_version
            as conversion_shown_date,
            lag(lead_status_id) over (
                partition by lead_id order by version_number
            ) as previous_lead_status_id

        from shown_versions
        window
            up_to_version as (
                partition by lead_id
                order by version_number
                rows between unbounded preceding and current row
            ),
            with_response as (
                partition by lead_id, first_responded_at
                order by version_number
                rows between unbounded preceding and current row
            )

    )

select
    lead_id,
    version_number,
    source_system,
    known_from_date,
    known_to_date,
    shown_date,
    is_current,
    {{ time_of_day_known('created_at', 'created_at_date', 'time_zone') }} as created_at,
    coalesce(created_at_date, created_date, first_shown_date) as created_date,
    (
        is_vanished
        or merged_into_id is not null
        or coalesce(is_duplicate, false)
        or coalesce(is_deleted, false)
    ) as is_excluded,
    owner_sales_rep_id,
    sales_rep_id,
    territory_id,
    lead_source,
    campaign_id,
    lead_status_id,
    case
        when version_number = 1
        then true
        else coalesce(lead_status_id, '') <> coalesce(previous_lead_status_id, '')
    end as has_new_status,
    assigned_at,
    first_responded_at,
    case
        when first_responded_at is not null then responding_sales_rep_id
    end as responding_sales_rep_id,
    positive_response_at,
    is_known_as_converted as is_converted,
    converted_at,
    converted_date,
    case when is_known_as_converted then conversion_shown_date end as conversion_shown_date,
    converted_opportunity_id

from compared_versions

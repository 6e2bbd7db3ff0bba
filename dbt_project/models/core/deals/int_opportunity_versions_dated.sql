{{ config(materialized='view') }}

with

    classified_versions as (

        select
            versions.opportunity_id,
            versions.version_number,
            versions.has_other_versions,
            versions.is_current,
            versions.source_system,
            versions.extract_id,
            versions.extracted_at,
            versions.opportunity_name,
            versions.account_id,
            versions.owner_id,
            versions.product_id,
            versions.territory_id,
            coalesce(stages.stage_id, 'unknown') as stage_id,
            coalesce(versions.forecast_category, 'unknown') as forecast_category,
            coalesce(versions.lead_source, 'unknown') as lead_source,
            versions.deal_type,
            versions.loss_reason,
            versions.competitor,
            versions.campaign_id,
            versions.currency_code,
            versions.amount,
            coalesce(versions.probability, stage_chances.probability) as probability,
            coalesce(stages.is_closed, false) as is_closed,
            coalesce(stages.is_won, false) as is_won,
            versions.is_vanished,
            case
                when versions.is_vanished
                then 'vanished'
                when versions.is_deleted
                then 'deleted'
                when versions.merged_into_id <> versions.opportunity_id
                then 'merged'
                when versions.is_duplicate
                then 'duplicate'
            end as exclusion_reason,
            versions.expected_close_date,
            versions.modified_at,
            versions.created_at,
            coalesce(
                versions.created_date,
                {{ business_date('versions.created_at', 'settings.time_zone') }}
            ) as created_date,
            versions.closed_at as given_closed_at,
            versions.closed_date as given_closed_date,
            {{ business_date('versions.closed_at', 'settings.time_zone') }} as closed_at_date,
            {{ extract_date('versions.extracted_at', 'settings.time_zone') }} as extracted_date,
            {{ business_date('versions.extracted_at', 'settings.time_zone') }} as extraction_date,
            {{ business_date('versions.modified_at', 'settings.time_zone') }} as modified_date,
            -- What the first full extract shows existed before it, nobody knows how long; what a
            -- later one adds is new since the one before.
            coalesce(
                versions.extracted_at > extracts.first_full_extracted_at, false
            ) as is_new_since_an_extract,
            settings.time_zone

        from {{ ref('stg_crm__opportunities_history') }} as versions
        cross join {{ ref('stg_company__settings') }} as settings
        left join {{ ref('dim_stage') }} as stages on versions.stage_id = stages.stage_id
        -- A deal keeps the chance that its stage gave when the deal was seen in it.
        left join
            {{ ref('dim_stage_history') }} as stage_chances
            on versions.stage_id = stage_chances.stage_id
            and versions.extracted_at >= stage_chances.valid_from
            and versions.extracted_at < stage_chances.valid_to
        left join
            {{ ref('int_opportunity_extracts') }} as extracts
            on versions.source_system = extracts.source_system
            and versions.extracted_at = extracts.extracted_at

    ),

    -- A closing date without a closed stage says nothing. The CRM's day goes before its time of day
    -- where the two disagree, and holds as it is: one that lies ahead is reported, never moved.
    -- Without a day the deal was closed no later than by the last change that the CRM tells of it.
    closings as (

        select
            *,
            case when is_closed then coalesce(given_closed_date, closed_at_date) end as closed_date,
            case
                when is_closed and closed_at_date = coalesce(given_closed_date, closed_at_date)
                then given_closed_at
            end as closed_at,
            case
                when
                    is_closed
                    and modified_at <= extracted_at
                    and coalesce(modified_date >= created_date, true)
                then modified_date
                when is_closed
                then extracted_date
            end as closed_by_date

        from classified_versions

    ),

    -- An extract shows nothing that has not happened yet, so no moment lies after it. A deal that
    -- was decided some time on a day was so by the end of that day.
    decisions as (

        select
            *,
            least(
                coalesce(
                    closed_at,
                    {{ end_of_day('closed_date', 'time_zone') }},
                    case when closed_by_date = modified_date then modified_at end,
                    extracted_at
                ),
                extracted_at
            ) as decided_at

        from closings

    ),

    -- A decided deal of which nobody says when it was created was there by then.
    moments as (

        select
            *,
            least(
                coalesce(created_at, {{ start_of_day('created_date', 'time_zone') }}, decided_at),
                extracted_at
            ) as began_at

        from decisions

    ),

    -- Where this state would start if no earlier version were known. For a deal first seen decided,
    -- the time between its beginning and then is inferred: it was open.
    timed_versions as (

        select
            *,
            {{ start_date('began_at', 'created_date', 'time_zone') }} as began_date,
            case when is_closed then decided_at else began_at end as first_shows_at

        from moments

    )

select
    opportunity_id,
    version_number,
    has_other_versions,
    is_current,
    source_system,
    extract_id,
    extracted_at,
    extracted_date,
    extraction_date,
    opportunity_name,
    account_id,
    owner_id,
    product_id,
    territory_id,
    stage_id,
    forecast_category,
    lead_source,
    deal_type,
    loss_reason,
    competitor,
    campaign_id,
    currency_code,
    amount,
    probability,
    is_closed,
    is_won,
    is_vanished,
    exclusion_reason,
    expected_close_date,
    modified_at,
    created_at,
    created_date,
    case when is_new_since_an_extract then extracted_date end as appeared_date,
    closed_at,
    closed_date,
    closed_by_date,
    began_at,
    began_date,
    least(began_date, coalesce(closed_date, began_date)) as opened_date,
    case when is_closed then decided_at end as decided_at,
    first_shows_at,
    {{ start_date(
        'first_shows_at', 'case when is_closed then closed_date else created_date end', 'time_zone'
    ) }} as first_shows_date

from timed_versions

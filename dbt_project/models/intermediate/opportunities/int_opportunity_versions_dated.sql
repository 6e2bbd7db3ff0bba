{{ config(materialized='view') }}

with

settings as (

    select time_zone

    from {{ ref('stg_company__settings') }}

),

stages as (

    select
        stage_id,
        is_closed,
        is_won

    from {{ ref('dim_stage') }}

),

-- A deal keeps the chance that its stage gave when the deal was seen in it.
stage_chances as (

    select
        stage_id,
        probability,
        valid_from,
        valid_to

    from {{ ref('dim_stage_history') }}

),

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

        versions.currency_code,
        versions.amount,
        coalesce(versions.probability, stage_chances.probability) as probability,

        coalesce(stages.is_closed, false) as is_closed,
        coalesce(stages.is_won, false) as is_won,
        versions.is_vanished,
        case
            when versions.is_vanished then 'vanished'
            when versions.is_deleted then 'deleted'
            when versions.merged_into_id is not null then 'merged'
            when versions.is_duplicate then 'duplicate'
        end as exclusion_reason,

        versions.expected_close_date,
        versions.modified_at,
        versions.created_at,
        coalesce(
            versions.created_date, {{ business_date('versions.created_at', 'settings.time_zone') }}
        ) as created_date,
        versions.closed_at as given_closed_at,
        versions.closed_date as given_closed_date,
        {{ business_date('versions.closed_at', 'settings.time_zone') }} as closed_at_date,
        {{ extract_date('versions.extracted_at', 'settings.time_zone') }} as extracted_date,
        settings.time_zone

    from {{ ref('stg_crm__opportunities_history') }} as versions
    cross join settings
    left join stages on versions.stage_id = stages.stage_id
    left join stage_chances
        on
            versions.stage_id = stage_chances.stage_id
            and versions.extracted_at >= stage_chances.valid_from
            and versions.extracted_at < stage_chances.valid_to

),

-- A closing date without a closed stage says nothing; one in the future of its extract has not come
-- true. The CRM's day goes before its time of day where the two disagree.
closings as (

    select
        *,
        case
            when is_closed and coalesce(given_closed_date, closed_at_date) <= extracted_date
                then coalesce(given_closed_date, closed_at_date)
        end as closed_date,
        case
            when
                is_closed
                and given_closed_at <= extracted_at
                and closed_at_date = coalesce(given_closed_date, closed_at_date)
                then given_closed_at
        end as closed_at

    from classified_versions

),

-- An extract shows nothing that has not happened yet, so neither moment lies after it. A deal that
-- was decided some time on a day was so by the end of that day.
moments as (

    select
        *,
        least(
            coalesce(created_at, {{ start_of_day('created_date', 'time_zone') }}, extracted_at),
            extracted_at
        ) as began_at,
        least(
            coalesce(closed_at, {{ end_of_day('closed_date', 'time_zone') }}, extracted_at),
            extracted_at
        ) as decided_at

    from closings

),

-- Where this state would start if no earlier version were known. For a deal first seen decided, the
-- time between its beginning and then is inferred: it was open.
timed_versions as (

    select
        *,
        {{ start_date('began_at', 'time_zone') }} as began_on,
        case
            when not is_closed then began_at
            when created_date is null then extracted_at
            else decided_at
        end as first_shows_at

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
    closed_at,
    closed_date,
    began_at,
    began_on,
    least(began_on, coalesce(closed_date, began_on)) as opened_on,
    case when is_closed then decided_at end as decided_at,
    first_shows_at,
    {{ start_date('first_shows_at', 'time_zone') }} as first_shows_on

from timed_versions

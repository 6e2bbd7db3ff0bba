{{ config(materialized='view') }}

with

    deals_with_history as (

        select distinct opportunity_id from {{ ref('int_opportunity_versions_observed') }}

    )

select
    dated.opportunity_id,
    dated.version_number,
    dated.has_other_versions,
    dated.is_current,
    dated.source_system,
    dated.extract_id,
    dated.extracted_at,
    dated.extracted_date,
    dated.extraction_date,
    dated.opportunity_name,
    dated.account_id,
    dated.owner_id,
    dated.product_id,
    dated.territory_id,
    dated.stage_id,
    dated.forecast_category,
    dated.lead_source,
    dated.deal_type,
    dated.loss_reason,
    dated.competitor,
    dated.campaign_id,
    dated.currency_code,
    dated.amount,
    dated.probability,
    dated.is_closed,
    dated.is_won,
    dated.is_vanished,
    dated.exclusion_reason,
    dated.expected_close_date,
    dated.modified_at,
    dated.created_at,
    dated.created_date,
    dated.appeared_date,
    dated.closed_at,
    dated.closed_date,
    dated.closed_by_date,
    dated.began_at,
    dated.began_date,
    dated.opened_date,
    dated.decided_at,
    dated.first_shows_at,
    dated.first_shows_date,
    cast(null as timestamp) as observed_at,
    cast(null as string) as known_by,
    dated.extracted_at as recorded_at,
    -- A deal that an earlier extract should have shown, open or, where its dates contradict each
    -- other, already decided.
    dated.version_number = 1
    and coalesce(
        least(dated.began_at, dated.first_shows_at) <= extracts.previous_extracted_at, false
    ) as is_recorded_late

from {{ ref('int_opportunity_versions_dated') }} as dated
left join
    {{ ref('int_opportunity_extracts') }} as extracts
    on dated.source_system = extracts.source_system
    and dated.extracted_at = extracts.extracted_at
left join deals_with_history on dated.opportunity_id = deals_with_history.opportunity_id
where deals_with_history.opportunity_id is null

union all

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
    appeared_date,
    closed_at,
    closed_date,
    closed_by_date,
    began_at,
    began_date,
    opened_date,
    decided_at,
    first_shows_at,
    first_shows_date,
    observed_at,
    known_by,
    recorded_at,
    is_recorded_late

from {{ ref('int_opportunity_versions_observed') }}

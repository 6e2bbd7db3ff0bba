{{ config(pre_hook="{{ join_as_written() }}", post_hook="{{ join_as_estimated() }}") }}
with

    settings as (select time_zone, closing_day from {{ ref('stg_company__settings') }}),

    outcomes as (

        select
            *,
            min(observed_at) over outcome_of_deal as outcome_observed_at,
            max(next_observed_at) over outcome_of_deal as outcome_ends_at

        from {{ ref('int_opportunity_versions_begun') }}
        window outcome_of_deal as (partition by opportunity_id, outcome)

    ),

    -- When a history tells the closing, it decides the day: the one that the closing itself wrote
    -- into the close date, else its own. What the close date says of it since is somebody's edit,
    -- unless the company goes by what is stated.
    dated_closings as (

        select
            outcomes.*,
            {{ business_date('outcomes.closing_observed_at', 'settings.time_zone') }}
            as closing_observed_date,
            case
                when outcomes.is_transition_observed and settings.closing_day = 'transition'
                then
                    coalesce(
                        outcomes.date_set_by_closing,
                        {{ business_date('outcomes.closing_observed_at', 'settings.time_zone') }}
                    )
            end as observed_closed_date

        from outcomes
        cross join settings

    ),

    -- The date in a deal's row is that of the outcome in which the row's extract shows the deal.
    -- One from before the deal was reopened is left over.
    closed_versions as (

        select
            versions.*,
            extracts.source_system,
            extracts.extract_id,
            extracts.extracted_at,
            extracts.extracted_date,
            extracts.extraction_date,
            extracts.opportunity_name,
            extracts.account_id,
            extracts.product_id,
            extracts.lead_source,
            extracts.deal_type,
            extracts.loss_reason,
            extracts.competitor,
            extracts.campaign_id,
            extracts.is_vanished,
            extracts.exclusion_reason,
            extracts.modified_at,
            extracts.created_at,
            extracts.created_date,
            extracts.appeared_date,
            extracts.closed_at as extract_closed_at,
            case
                when not versions.is_closed
                then null
                when versions.observed_closed_date is not null
                then versions.observed_closed_date
                when
                    extracts.extracted_at >= versions.outcome_observed_at
                    and extracts.extracted_at < versions.outcome_ends_at
                    and (
                        versions.closing = 1
                        or extracts.closed_date
                        >= {{ business_date('versions.last_open_observed_at', 'settings.time_zone') }}
                    )
                then extracts.closed_date
            end as closed_date,
            case
                when not versions.is_closed
                then null
                when
                    extracts.closed_by_date < versions.closing_observed_date
                    and coalesce(extracts.modified_at >= versions.last_open_observed_at, true)
                then extracts.closed_by_date
                else versions.closing_observed_date
            end as closed_by_date

        from dated_closings as versions
        cross join settings
        inner join
            {{ ref('int_opportunity_versions_dated') }} as extracts
            on versions.opportunity_id = extracts.opportunity_id
            and versions.extract_version = extracts.version_number

    )

select
    versions.opportunity_id,
    versions.version_number,
    true as has_other_versions,
    versions.is_current,
    versions.source_system,
    versions.extract_id,
    versions.extracted_at,
    versions.extracted_date,
    versions.extraction_date,

    versions.opportunity_name,
    versions.account_id,
    versions.owner_id,
    versions.product_id,
    versions.territory_id,
    versions.stage_id,
    versions.forecast_category,
    versions.lead_source,
    versions.deal_type,
    versions.loss_reason,
    versions.competitor,
    versions.campaign_id,

    versions.currency_code,
    versions.amount,
    versions.probability,

    versions.is_closed,
    versions.is_won,
    versions.is_vanished,
    versions.exclusion_reason,

    versions.expected_close_date,
    versions.modified_at,
    versions.created_at,
    versions.created_date,
    versions.appeared_date,
    case
        when
            versions.closed_date = versions.closing_observed_date
            and versions.observed_closed_date is not null
        then versions.closing_observed_at
        when
            versions.observed_closed_date is null
            and versions.closed_date
            = {{ business_date('versions.extract_closed_at', 'settings.time_zone') }}
        then versions.extract_closed_at
    end as closed_at,
    versions.closed_date,
    versions.closed_by_date,
    versions.began_at,
    {{ business_date('versions.began_at', 'settings.time_zone') }} as began_date,
    {{ business_date('versions.began_at', 'settings.time_zone') }} as opened_date,
    case when versions.is_closed then versions.closing_observed_at end as decided_at,
    versions.observed_at as first_shows_at,
    case
        when versions.observed_at <> versions.extracted_at
        then {{ business_date('versions.observed_at', 'settings.time_zone') }}
        when
            versions.is_closed
            and versions.observed_at = versions.closing_observed_at
            and versions.closed_date = versions.extraction_date
        then versions.extraction_date
        else versions.extracted_date
    end as first_shows_date,

    versions.observed_at,
    case
        when versions.source_rank = 0 and versions.is_closed
        then 'close_date'
        when versions.source_rank = 0
        then 'creation_date'
        when versions.source_rank = 1
        then 'stage_history'
        when versions.source_rank = 2
        then 'field_history'
        when versions.source_rank = 3
        then 'snapshot'
        else 'extract'
    end as known_by,
    versions.recorded_at,
    coalesce(record_times.last_extract_before >= versions.observed_at, false) as is_recorded_late

from closed_versions as versions
cross join settings
left join
    {{ ref('int_opportunity_record_times') }} as record_times
    on versions.recorded_at = record_times.recorded_at

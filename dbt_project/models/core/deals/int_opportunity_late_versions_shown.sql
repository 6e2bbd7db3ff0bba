{{ config(materialized='view') }}

with

    versions as (

        select
            *,
            max(valid_to) over (
                partition by opportunity_id, episode, is_closed, is_won
            ) as outcome_ends_at

        from {{ ref('int_opportunity_versions_valued') }}

    ),

    -- What was changed of a deal after its closing leaves it closed.
    late_versions as (

        select *, case when is_closed then outcome_ends_at else valid_to end as shown_until

        from versions
        where is_recorded_late and known_by is not null

    ),

    -- An extract that lagged behind its history showed something else.
    extract_versions as (

        select
            extracts.*,
            shown.observed_at,
            coalesce(extracts.closed_date, extracts.closed_by_date) as known_closed_date

        from {{ ref('int_opportunity_versions_shown') }} as shown
        inner join
            {{ ref('int_opportunity_versions_dated') }} as extracts
            on shown.opportunity_id = extracts.opportunity_id
            and shown.version_number = extracts.version_number
        left join
            {{ ref('int_opportunity_fields_outdated') }} as outdated
            on shown.opportunity_id = outdated.opportunity_id
            and shown.version_number = outdated.version_number
        where outdated.opportunity_id is null

    ),

    shown_versions as (

        select
            versions.opportunity_id,
            versions.version_number,
            versions.valid_from,
            versions.valid_from_date,
            extracts.source_system,
            extracts.extracted_at,
            extracts.extracted_date,
            extracts.observed_at,
            case when versions.is_closed then extracts.known_closed_date end as closed_date,
            row_number() over (
                partition by versions.opportunity_id, versions.version_number
                order by extracts.version_number
            ) as showing

        from late_versions as versions
        inner join
            extract_versions as extracts
            on versions.opportunity_id = extracts.opportunity_id
            and versions.valid_from <= extracts.observed_at
            and versions.recorded_at > extracts.extracted_at
        where
            (
                versions.is_closed = extracts.is_closed
                and versions.is_won = extracts.is_won
                and extracts.observed_at < versions.shown_until
            )
            -- That a deal was open since its creation follows from its first row.
            or (versions.version_number = 1 and extracts.version_number = 1)

    )

-- The first extract after a change tells it in time, however long after, and a closing as of the
-- day that it gives for it.
select
    {{ surrogate_key('shown.opportunity_id', ['shown.version_number']) }}
    as opportunity_version_key,
    shown.extracted_at as shown_at,
    case
        when shown.valid_from <= extracts.previous_extracted_at
        then shown.extracted_date
        else
            least(
                greatest(shown.valid_from_date, coalesce(shown.closed_date, shown.valid_from_date)),
                shown.extracted_date
            )
    end as shown_date,
    shown.closed_date as shown_closed_date,
    versions.opportunity_value as shown_value

from shown_versions as shown
inner join
    versions
    on shown.opportunity_id = versions.opportunity_id
    and shown.observed_at >= versions.valid_from
    and shown.observed_at < versions.valid_to
left join
    {{ ref('int_opportunity_extracts') }} as extracts
    on shown.source_system = extracts.source_system
    and shown.extracted_at = extracts.extracted_at
where shown.showing = 1

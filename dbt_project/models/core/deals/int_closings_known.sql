{{ config(materialized=shared_view()) }}
with

    -- What is settled is known now as it was known at every freeze.
    closed_versions as (

        select versions.*

        from {{ ref('fct_opportunity') }} as deals
        inner join
            {{ ref('fct_opportunity_version') }} as versions
            on deals.opportunity_id = versions.opportunity_id
            and deals.episode = versions.episode
        where deals.is_closed and not deals.is_settled and versions.is_closed

    )

select
    opportunity_id,
    episode,
    closed_date,
    is_won,
    opportunity_value,
    is_excluded,
    valid_from,
    valid_from_date,
    case when is_recorded_late then recorded_date end as known_late_date

from closed_versions

union all

-- Until the history of a closing was recorded, it was known as the extract showed it.
select
    versions.opportunity_id,
    versions.episode,
    shown_versions.shown_closed_date as closed_date,
    versions.is_won,
    shown_versions.shown_value as opportunity_value,
    versions.is_excluded,
    versions.valid_from,
    versions.valid_from_date,
    versions.first_known_date as known_late_date

from closed_versions as versions
inner join
    {{ ref('int_opportunity_late_versions_shown') }} as shown_versions
    on versions.opportunity_version_key = shown_versions.opportunity_version_key

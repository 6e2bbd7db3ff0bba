with

    versions as (

        select
            united.*,
            lag(united.is_closed) over deal as was_closed,
            lag(united.is_vanished) over deal as was_vanished,
            lag(united.extracted_at) over deal as previous_version_extracted_at

        from {{ ref('int_opportunity_versions_united') }} as united
        where united.has_other_versions
        window deal as (partition by united.opportunity_id order by united.version_number)

    ),

    -- A change happened after the last extract that did not show it yet. That is the extract
    -- before, also where it showed the deal unchanged and so left no version: an answer as of a day
    -- that an extract has already spoken for never changes.
    bounded_versions as (

        select
            versions.*,
            coalesce(
                least(versions.began_at, versions.first_shows_at) <= extracts.previous_extracted_at,
                false
            ) as is_shown_late,
            greatest(
                versions.previous_version_extracted_at, extracts.previous_extracted_at
            ) as last_seen_otherwise_at

        from versions
        left join
            {{ ref('int_opportunity_extracts') }} as extracts
            on versions.source_system = extracts.source_system
            and versions.extracted_at = extracts.extracted_at

    ),

    started_versions as (

        select
            *,
            case
                when observed_at is not null
                then observed_at
                when version_number = 1
                then first_shows_at
                when is_vanished or was_vanished
                then extracted_at
                when is_closed and not was_closed and decided_at > last_seen_otherwise_at
                then decided_at
                when is_closed and not was_closed
                then extracted_at
                when modified_at > last_seen_otherwise_at and modified_at <= extracted_at
                then modified_at
                else extracted_at
            end as valid_from,
            coalesce(was_closed and not is_closed, false) as is_reopening,
            sum(case when was_closed and not is_closed then 1 else 0 end) over (
                partition by opportunity_id
                order by version_number
                rows between unbounded preceding and current row
            )
            + 1 as episode

        from bounded_versions

    ),

    dated_versions as (

        select
            started_versions.*,
            settings.time_zone,
            case
                when started_versions.observed_at is not null or started_versions.version_number = 1
                then started_versions.first_shows_date
                else
                    {{ start_date(
                'valid_from', 'case when not was_closed then closed_date end', 'settings.time_zone'
            ) }}
            end as valid_from_date,
            -- A change that an extract had seen before it showed the deal open did not close it.
            min(
                case
                    when
                        started_versions.observed_at is not null
                        or started_versions.version_number = 1
                        or started_versions.modified_at > started_versions.last_seen_otherwise_at
                    then started_versions.closed_by_date
                    else started_versions.extracted_date
                end
            ) over closing as closed_by_then,
            first_value(started_versions.owner_id) over closing as closing_owner_id,
            first_value(started_versions.territory_id) over closing as closing_territory_id

        from started_versions
        cross join {{ ref('stg_company__settings') }} as settings
        window
            closing as (
                partition by
                    started_versions.opportunity_id,
                    started_versions.episode,
                    started_versions.is_closed
                order by started_versions.version_number
                rows between unbounded preceding and current row
            )

    ),

    closed_versions as (

        select
            *,
            case when is_closed then coalesce(closed_date, closed_by_then) end as known_closed_date

        from dated_versions

    ),

    linked_versions as (

        select
            *,
            lag(known_closed_date) over deal as previous_closed_date,
            coalesce(
                min(known_closed_date) over episode_until_then
                <> max(known_closed_date) over episode_until_then,
                false
            ) as has_moved_closing,
            lag(case when is_closed then closed_at end) over deal as previous_closed_at,
            {{ last_known('case when is_closed then nullif(amount, 0) end', 'episode_until_then') }}
            as last_closed_amount,
            first_value(
                case when version_number = 1 then opened_date else valid_from_date end
            ) over (
                partition by opportunity_id, episode
                order by version_number
                rows between unbounded preceding and current row
            ) as episode_opened_date,
            first_value(appeared_date) over deal_until_then as first_appeared_date,
            first_value(is_shown_late) over deal_until_then as is_shown_late_at_first,
            lead(valid_from) over deal as valid_to,
            lead(valid_from_date) over deal as valid_to_date,
            lead(episode) over deal as next_episode,
            last_value(exclusion_reason) over (
                partition by opportunity_id
                order by version_number
                rows between unbounded preceding and unbounded following
            ) as current_exclusion_reason

        from closed_versions
        window
            deal as (partition by opportunity_id order by version_number),
            deal_until_then as (
                partition by opportunity_id
                order by version_number
                rows between unbounded preceding and current row
            ),
            episode_until_then as (
                partition by opportunity_id, episode
                order by version_number
                rows between unbounded preceding and current row
            )

    )

select
    opportunity_id,
    version_number,
    cast(episode as bigint) as episode,
    coalesce(episode <> next_episode, true) as is_last_of_episode,
    case when is_closed then closing_owner_id else owner_id end as attributed_owner_id,
    case when is_closed then closing_territory_id else territory_id end as attributed_territory_id,
    current_exclusion_reason,
    last_closed_amount,
    first_appeared_date as appeared_date,
    is_shown_late_at_first as is_shown_late,
    known_closed_date as closed_date,
    has_moved_closing,
    episode_opened_date as opened_date,
    valid_from,
    valid_to,
    valid_from_date,
    valid_to_date,
    is_reopening,
    previous_closed_date,
    previous_closed_at,
    known_by

from linked_versions

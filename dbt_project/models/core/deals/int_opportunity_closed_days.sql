{{ config(materialized='view') }}

with

    reopened_deals as (

        select distinct opportunity_id

        from {{ ref('int_opportunity_versions_sequenced') }}
        where is_reopening

    ),

    reopenings as (

        select
            versions.*,
            case
                when
                    versions.is_reopening
                    and versions.previous_closed_date <= versions.valid_from_date
                then 1
                else 0
            end as lay_closed,
            case
                when
                    {{ are_times_of_day(
                    'versions.previous_closed_at', 'versions.previous_closed_date',
                    'versions.valid_from', 'versions.valid_from_date',
                    "versions.known_by in ('field_history', 'stage_history')", 'settings.time_zone'
                ) }}
                then 1
                else 0
            end as is_exact

        from {{ ref('int_opportunity_versions_sequenced') }} as versions
        inner join reopened_deals on versions.opportunity_id = reopened_deals.opportunity_id
        cross join {{ ref('stg_company__settings') }} as settings

    ),

    closed_times as (

        select
            *,
            sum(
                lay_closed * {{ days_between('previous_closed_date', 'valid_from_date') }}
            ) over until_then as closed_whole_days,
            sum(
                case
                    when lay_closed * is_exact = 1
                    then {{ days_with_fraction('previous_closed_at', 'valid_from') }}
                end
            ) over until_then as closed_exact_days,
            max(lay_closed * (1 - is_exact)) over until_then = 0 as are_closed_days_exact

        from reopenings
        window
            until_then as (
                partition by opportunity_id
                order by version_number
                rows between unbounded preceding and current row
            )

    )

select
    opportunity_id,
    version_number,
    -- Hours count where all of its reopenings are reported to the time of day.
    cast(
        coalesce(
            case when are_closed_days_exact then closed_exact_days else closed_whole_days end, 0
        ) as decimal(18, 6)
    ) as closed_days_before,
    are_closed_days_exact

from closed_times

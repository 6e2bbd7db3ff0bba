{{ config(materialized='view') }}

with

    versions as (select * from {{ ref('int_opportunity_versions_united') }}),

    -- The members a deal can refer to; deals of one that vanished from the CRM still belong to it.
    accounts as (select account_id from {{ ref('dim_account') }} where is_current),

    reps as (select sales_rep_id from {{ ref('dim_sales_rep') }} where is_current),

    products as (select product_id, list_price, currency_code from {{ ref('dim_product') }}),

    territories as (select territory_id from {{ ref('dim_territory') }}),

    sequenced_versions as (

        select
            versions.opportunity_id,
            versions.version_number,
            coalesce(sequences.episode, 1) as episode,
            coalesce(sequences.is_last_of_episode, true) as is_last_of_episode,
            versions.is_current,
            versions.source_system,
            versions.extract_id,
            versions.extracted_at,

            versions.opportunity_name,
            versions.account_id,
            versions.owner_id,
            case
                when sequences.opportunity_id is null
                then versions.owner_id
                else sequences.attributed_owner_id
            end as attributed_owner_id,
            versions.product_id,
            versions.territory_id,
            case
                when sequences.opportunity_id is null
                then versions.territory_id
                else sequences.attributed_territory_id
            end as attributed_territory_id,
            versions.stage_id,
            versions.forecast_category,
            versions.lead_source,
            versions.deal_type,
            versions.loss_reason,
            versions.competitor,
            versions.campaign_id,
            versions.currency_code,
            -- What was won is not undone by a field that somebody empties afterwards.
            case
                when versions.is_won and coalesce(versions.amount, 0) = 0
                then coalesce(sequences.last_closed_amount, versions.amount)
                else versions.amount
            end as given_amount,
            coalesce(
                versions.is_won
                and coalesce(versions.amount, 0) = 0
                and sequences.last_closed_amount is not null,
                false
            ) as has_amount_from_before_closing,
            -- A lost deal's 0 says what it brought, not what it was worth while it was open.
            case
                when versions.is_closed and not versions.is_won
                then nullif(versions.amount, 0)
                else versions.amount
            end as given_open_amount,
            versions.probability,

            versions.is_closed,
            versions.is_won,
            versions.exclusion_reason,
            case
                when sequences.opportunity_id is null
                then versions.exclusion_reason
                else sequences.current_exclusion_reason
            end as current_exclusion_reason,

            versions.expected_close_date,
            versions.created_at,
            versions.created_date as given_created_date,
            coalesce(
                versions.created_date,
                case
                    when sequences.opportunity_id is null
                    then versions.appeared_date
                    else sequences.appeared_date
                end
            ) as created_date,
            versions.closed_at,
            case
                when versions.is_closed
                then coalesce(sequences.closed_date, versions.closed_date, versions.closed_by_date)
            end as closed_date,
            coalesce(sequences.has_moved_closing, false) as has_moved_closing,
            coalesce(closed_days.closed_days_before, 0) as closed_days_before,
            coalesce(closed_days.are_closed_days_exact, true) as are_closed_days_exact,
            versions.began_at,
            versions.began_date,
            versions.known_by,
            versions.recorded_at,
            versions.is_recorded_late,
            coalesce(sequences.is_shown_late, versions.is_recorded_late) as is_shown_late,
            coalesce(sequences.opened_date, versions.opened_date) as opened_date,
            coalesce(sequences.valid_from, versions.first_shows_at) as valid_from,
            -- Reported by a history, or by the deal's own moment; an extract only says by when.
            coalesce(
                versions.known_by in ('field_history', 'stage_history')
                or (
                    versions.is_closed
                    and coalesce(sequences.valid_from, versions.first_shows_at) = versions.closed_at
                )
                or (
                    versions.version_number = 1
                    and coalesce(sequences.valid_from, versions.first_shows_at)
                    = versions.created_at
                ),
                false
            ) as has_reported_time,
            coalesce(sequences.valid_to, {{ open_end() }}) as valid_to,
            coalesce(sequences.valid_from_date, versions.first_shows_date) as valid_from_date,
            coalesce(sequences.valid_to_date, {{ open_end_date() }}) as valid_to_date

        from versions
        left join
            {{ ref('int_opportunity_versions_sequenced') }} as sequences
            on versions.opportunity_id = sequences.opportunity_id
            and versions.version_number = sequences.version_number
        left join
            {{ ref('int_opportunity_closed_days') }} as closed_days
            on versions.opportunity_id = closed_days.opportunity_id
            and versions.version_number = closed_days.version_number

    )

-- A reference to nothing points at the unknown member.
select
    sequenced_versions.*,
    {{ or_unknown('accounts.account_id') }} as known_account_id,
    {{ or_unknown('reps.sales_rep_id') }} as sales_rep_id,
    {{ or_unknown('products.product_id') }} as known_product_id,
    case
        when sequenced_versions.territory_id is not null
        then {{ or_unknown('territories.territory_id') }}
    end as known_territory_id,
    products.list_price,
    products.currency_code as list_price_currency_code

from sequenced_versions
left join accounts on sequenced_versions.account_id = accounts.account_id
left join reps on sequenced_versions.owner_id = reps.sales_rep_id
left join products on sequenced_versions.product_id = products.product_id
left join territories on sequenced_versions.territory_id = territories.territory_id

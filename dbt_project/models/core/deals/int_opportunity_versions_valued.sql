{{ config(pre_hook="{{ join_as_written() }}", post_hook="{{ join_as_estimated() }}") }}
with

    settings as (select reporting_currency from {{ ref('stg_company__settings') }}),

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
            coalesce(sequences.closed_days_before, 0) as closed_days_before,
            coalesce(sequences.are_closed_days_exact, true) as are_closed_days_exact,
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

    ),

    -- A reference to nothing points at the unknown member.
    referenced_versions as (

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
            products.currency_code as list_price_currency_code,
            line_totals.line_items_amount,
            settings.reporting_currency

        from sequenced_versions
        cross join settings
        left join accounts on sequenced_versions.account_id = accounts.account_id
        left join reps on sequenced_versions.owner_id = reps.sales_rep_id
        left join products on sequenced_versions.product_id = products.product_id
        left join territories on sequenced_versions.territory_id = territories.territory_id
        left join
            {{ ref('int_opportunity_line_totals') }} as line_totals
            on sequenced_versions.opportunity_id = line_totals.opportunity_id

    ),

    valued_versions as (

        select
            referenced_versions.*,
            warehouse.as_of_date,
            -- A decided deal is converted at the rate of its closing day, an open one at that of
            -- the last day on which it stood as it is; for the newest version this is the as-of
            -- date.
            case
                when referenced_versions.is_closed
                then coalesce(referenced_versions.closed_date, referenced_versions.valid_from_date)
                else
                    {{ last_day_of(
                'referenced_versions.valid_from_date', 'referenced_versions.valid_to_date',
                'warehouse.as_of_date'
            ) }}
            end as rate_day,
            {{ resolved_amount('given_amount') }} as amount,
            {{ resolved_amount_source('given_amount') }} as amount_source,
            {{ resolved_currency_code('given_amount') }} as amount_currency_code,
            {{ resolved_amount('given_open_amount') }} as open_amount,
            {{ resolved_amount_source('given_open_amount') }} as open_amount_source,
            {{ resolved_currency_code('given_open_amount') }} as open_currency_code

        from referenced_versions
        cross join {{ ref('int_warehouse_as_of') }} as warehouse

    )

select
    versions.opportunity_id,
    versions.version_number,
    versions.episode,
    versions.is_last_of_episode,
    versions.is_current,
    versions.source_system,
    versions.extract_id,
    versions.extracted_at,

    versions.opportunity_name,
    versions.known_account_id as account_id,
    versions.sales_rep_id,
    versions.attributed_owner_id,
    versions.known_product_id as product_id,
    versions.known_territory_id as territory_id,
    versions.attributed_territory_id,
    versions.stage_id,
    versions.forecast_category,
    versions.lead_source,
    versions.deal_type,
    versions.loss_reason,
    versions.competitor,
    versions.amount_currency_code as currency_code,
    versions.amount_source,
    versions.open_currency_code,
    versions.open_amount_source,
    versions.exclusion_reason,
    versions.current_exclusion_reason,

    versions.amount,
    versions.has_amount_from_before_closing,
    versions.open_amount,
    coalesce(
        rates.exchange_rate, newest_rates.exchange_rate, held_rates.exchange_rate
    ) as exchange_rate,
    {{ converted(
        'versions.amount',
        'coalesce(rates.exchange_rate, newest_rates.exchange_rate, held_rates.exchange_rate)'
    ) }} as opportunity_value,
    versions.probability,
    versions.closed_days_before,
    versions.are_closed_days_exact,

    versions.is_closed,
    versions.is_won,

    versions.expected_close_date,
    versions.created_at,
    versions.given_created_date,
    versions.created_date,
    versions.closed_at,
    versions.closed_date,
    coalesce(
        rates.exchange_rate_date, newest_rates.exchange_rate_date, held_rates.exchange_rate_date
    ) as exchange_rate_date,
    versions.began_at,
    versions.began_date,
    versions.opened_date,
    versions.valid_from,
    versions.has_reported_time,
    versions.valid_to,
    versions.valid_from_date,
    versions.valid_to_date,
    versions.known_by,
    versions.recorded_at,
    versions.is_recorded_late,
    versions.is_shown_late

from valued_versions as versions
left join
    {{ ref('int_fx_rates_daily') }} as rates
    on versions.amount_currency_code = rates.currency_code
    and versions.rate_day = rates.rate_date
-- Of a closing day that lies ahead there may be no rate yet.
left join
    {{ ref('int_fx_rates_daily') }} as newest_rates
    on versions.amount_currency_code = newest_rates.currency_code
    and case
        when versions.is_closed and versions.rate_day > versions.as_of_date then versions.as_of_date
    end
    = newest_rates.rate_date
-- An open deal is worth what it was by the last rate where the day has none. What is decided is
-- never converted at a rate of any age: it is paid by.
left join
    {{ ref('int_fx_rates_held') }} as held_rates
    on versions.amount_currency_code = held_rates.currency_code
    and case when not versions.is_closed then least(versions.rate_day, versions.as_of_date) end
    = held_rates.rate_date

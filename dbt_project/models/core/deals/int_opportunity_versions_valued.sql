{{ config(pre_hook="{{ join_as_written() }}", post_hook="{{ join_as_estimated() }}") }}
with

    settings as (select reporting_currency from {{ ref('stg_company__settings') }}),

    valued_versions as (

        select
            referenced_versions.*,
            line_totals.line_items_amount,
            settings.reporting_currency,
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

        from {{ ref('int_opportunity_versions_referenced') }} as referenced_versions
        cross join settings
        cross join {{ ref('dim_as_of') }} as warehouse
        left join
            {{ ref('int_opportunity_line_totals') }} as line_totals
            on referenced_versions.opportunity_id = line_totals.opportunity_id

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
    versions.campaign_id,
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
    versions.has_moved_closing,
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
    {{ ref('fct_exchange_rate_held') }} as held_rates
    on versions.amount_currency_code = held_rates.currency_code
    and case when not versions.is_closed then least(versions.rate_day, versions.as_of_date) end
    = held_rates.rate_date

with

    shown_versions as (

        select
            opportunity_id,
            version_number,
            episode,
            source_system,
            extract_id,
            case
                when known_by is not null
                then known_by
                when version_number = 1 and not is_closed and valid_from < extracted_at
                then 'creation_date'
                else 'extract'
            end as known_by,
            recorded_at,
            is_recorded_late,
            is_shown_late,
            valid_from,
            has_reported_time,
            valid_to,
            valid_from_date,
            valid_to_date,
            is_current,
            account_id,
            sales_rep_id,
            product_id,
            territory_id,
            stage_id,
            forecast_category,
            lead_source,
            currency_code,
            amount,
            amount_source,
            exchange_rate,
            exchange_rate_date,
            opportunity_value,
            probability,
            created_date is not null as has_creation_date,
            expected_close_date,
            is_closed,
            is_won,
            exclusion_reason is not null as is_excluded,
            closed_date

        from {{ ref('int_opportunity_versions_valued') }}

    ),

    -- A deal that was already decided when an extract first showed it was open from its creation
    -- on.
    -- What it was worth then is the best that is known; in which stage it stood, nobody can say.
    inferred_versions as (

        select
            versions.opportunity_id,
            0 as version_number,
            versions.episode,
            versions.source_system,
            versions.extract_id,
            'close_date' as known_by,
            versions.recorded_at,
            versions.is_recorded_late,
            versions.is_shown_late,
            versions.began_at as valid_from,
            coalesce(versions.began_at = versions.created_at, false) as has_reported_time,
            versions.valid_from as valid_to,
            versions.began_date as valid_from_date,
            versions.valid_from_date as valid_to_date,
            false as is_current,
            versions.account_id,
            versions.sales_rep_id,
            versions.product_id,
            versions.territory_id,
            'unknown' as stage_id,
            'unknown' as forecast_category,
            versions.lead_source,
            versions.open_currency_code as currency_code,
            versions.open_amount as amount,
            versions.open_amount_source as amount_source,
            rates.exchange_rate,
            rates.exchange_rate_date,
            {{ converted('versions.open_amount', 'rates.exchange_rate') }} as opportunity_value,
            cast(null as decimal(9, 6)) as probability,
            versions.created_date is not null as has_creation_date,
            versions.expected_close_date,
            false as is_closed,
            false as is_won,
            versions.exclusion_reason is not null as is_excluded,
            cast(null as date) as closed_date

        from {{ ref('int_opportunity_versions_valued') }} as versions
        cross join {{ ref('dim_as_of') }} as warehouse
        left join
            {{ ref('fct_exchange_rate_held') }} as rates
            on versions.open_currency_code = rates.currency_code
            and {{ last_day_of(
                'versions.began_date', 'versions.valid_from_date', 'warehouse.as_of_date'
            ) }} = rates.rate_date
        where
            versions.version_number = 1
            and versions.is_closed
            and versions.began_at < versions.valid_from

    ),

    all_versions as (

        select *
        from shown_versions
        union all
        select *
        from inferred_versions

    ),

    weighted_versions as (

        select
            *,
            {{ surrogate_key('opportunity_id', ['version_number']) }} as opportunity_version_key,
            {{ weighted('amount', 'probability') }} as weighted_amount

        from all_versions

    )

select
    versions.opportunity_version_key,
    versions.opportunity_id,
    versions.episode,
    versions.source_system,
    versions.extract_id,
    versions.known_by,
    versions.recorded_at,
    {{ extract_date('versions.recorded_at', 'settings.time_zone') }} as recorded_date,
    versions.is_recorded_late,
    case
        when versions.is_recorded_late
        then
            coalesce(
                shown_versions.shown_date,
                {{ extract_date('versions.recorded_at', 'settings.time_zone') }}
            )
    end as first_known_date,
    versions.is_shown_late,
    versions.valid_from,
    versions.has_reported_time,
    versions.valid_to,
    versions.valid_from_date,
    versions.valid_to_date,
    versions.is_current,
    versions.account_id,
    versions.sales_rep_id,
    versions.product_id,
    coalesce(versions.territory_id, reps.territory_id, 'unknown') as territory_id,
    versions.territory_id is not null as has_own_territory,
    versions.stage_id,
    versions.forecast_category,
    versions.lead_source,
    versions.currency_code,
    versions.amount,
    versions.amount_source,
    versions.exchange_rate,
    versions.exchange_rate_date,
    versions.opportunity_value,
    versions.probability,
    versions.weighted_amount,
    {{ converted('versions.weighted_amount', 'versions.exchange_rate') }} as weighted_value,
    versions.has_creation_date,
    versions.expected_close_date,
    versions.is_closed,
    versions.is_won,
    versions.is_excluded,
    versions.closed_date

from weighted_versions as versions
cross join {{ ref('stg_company__settings') }} as settings
left join
    {{ ref('int_opportunity_late_versions_shown') }} as shown_versions
    on versions.opportunity_version_key = shown_versions.opportunity_version_key
left join
    {{ ref('dim_sales_rep') }} as reps
    -- Only for deals without a territory of their own.
    on case when versions.territory_id is null then versions.sales_rep_id end = reps.sales_rep_id
    and versions.valid_from_date >= reps.valid_from_date
    and versions.valid_from_date < reps.valid_to_date

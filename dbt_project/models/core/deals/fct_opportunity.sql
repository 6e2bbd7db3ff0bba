with

    episodes as (

        select
            versions.*,
            -- Who and what a deal counts for is fixed when it is decided; an open deal counts for
            -- those who have it now.
            coalesce(
                versions.closed_date, warehouse.as_of_date, versions.valid_from_date
            ) as attribution_date,
            -- Whatever was changed after this many days came after the earliest freeze of its
            -- period, and what was recorded late may have. A closing that was of another day
            -- before counted in the period of that day, if this was frozen by then.
            not versions.is_recorded_late
            and not coalesce(versions.has_moved_closing, false)
            and coalesce(
                versions.valid_from_date
                <= {{ plus_days('versions.closed_date', 'warehouse.close_lag_days') }},
                false
            ) as is_settled

        from {{ ref('int_opportunity_versions_valued') }} as versions
        cross join {{ ref('dim_as_of') }} as warehouse
        where versions.is_last_of_episode

    ),

    attributed_episodes as (

        select
            episodes.*,
            {{ or_unknown('accounts.account_key') }} as account_key,
            {{ or_unknown('accounts.segment') }} as segment,
            {{ or_unknown('reps.sales_rep_key') }} as sales_rep_key,
            {{ or_unknown('reps.sales_rep_id') }} as attributed_sales_rep_id,
            {{ or_unknown('reps.team_id') }} as team_id,
            {{ or_unknown('reps.branch_id') }} as branch_id,
            case
                when episodes.attributed_territory_id is not null
                then {{ or_unknown('territories.territory_id') }}
                else {{ or_unknown('reps.territory_id') }}
            end as counted_territory_id,
            coalesce(
                {{ are_times_of_day(
                'episodes.created_at', 'episodes.created_date',
                'episodes.closed_at', 'episodes.closed_date',
                business_date('episodes.created_at', 'settings.time_zone')
                    ~ ' = episodes.created_date',
                'settings.time_zone'
            ) }},
                false
            ) as is_cycle_exact

        from episodes
        cross join {{ ref('stg_company__settings') }} as settings
        left join
            {{ ref('dim_account') }} as accounts
            on episodes.account_id = accounts.account_id
            and episodes.attribution_date >= accounts.valid_from_date
            and episodes.attribution_date < accounts.valid_to_date
        left join
            {{ ref('dim_sales_rep') }} as reps
            on episodes.attributed_owner_id = reps.sales_rep_id
            and episodes.attribution_date >= reps.valid_from_date
            and episodes.attribution_date < reps.valid_to_date
        left join
            {{ ref('dim_territory') }} as territories
            on episodes.attributed_territory_id = territories.territory_id

    ),

    timed_episodes as (

        select
            *,
            case
                when closed_date >= created_date and is_cycle_exact
                then {{ days_with_fraction('created_at', 'closed_at') }}
                when closed_date >= created_date
                then cast({{ days_between('created_date', 'closed_date') }} as decimal(18, 6))
            end as cycle_days

        from attributed_episodes

    ),

    -- Whole days that a deal lay closed are taken from whole days: from hours, a deal that was
    -- reopened and decided within a day would have been active for less than nothing.
    active_episodes as (

        select
            *,
            case
                when are_closed_days_exact or cycle_days is null
                then cycle_days
                else cast({{ days_between('created_date', 'closed_date') }} as decimal(18, 6))
            end
            - closed_days_before as days_less_closed

        from timed_episodes

    )

select
    {{ surrogate_key('opportunity_id', ['episode']) }} as opportunity_key,
    opportunity_id,
    episode,
    is_current as is_last_episode,
    source_system,
    opportunity_name,
    account_key,
    account_id,
    sales_rep_key,
    attributed_sales_rep_id as sales_rep_id,
    team_id,
    branch_id,
    counted_territory_id as territory_id,
    segment,
    product_id,
    stage_id,
    forecast_category,
    lead_source,
    deal_type,
    loss_reason,
    competitor,
    currency_code,
    amount,
    amount_source,
    has_amount_from_before_closing,
    exchange_rate,
    exchange_rate_date,
    opportunity_value,
    {{ converted(weighted('amount', 'probability'), 'exchange_rate') }} as weighted_value,
    probability,
    created_at,
    created_date,
    opened_date,
    expected_close_date,
    closed_at,
    closed_date,
    cycle_days,
    cast(
        case
            when days_less_closed >= 0
            then days_less_closed
            -- Between two dates lies up to a day more than the days counted, so hours that exceed
            -- them by less than that leave nothing; more of them contradict the dates.
            when are_closed_days_exact and not is_cycle_exact and days_less_closed > -1
            then 0
        end as decimal(18, 6)
    ) as active_days,
    is_closed,
    is_won,
    is_closed and not is_won as is_lost,
    episode > 1 as is_reopened,
    current_exclusion_reason is not null as is_excluded,
    current_exclusion_reason as exclusion_reason,
    exclusion_reason is not null as was_excluded,
    is_settled,
    coalesce(closed_date < given_created_date, false) as has_close_before_creation,
    campaign_id

from active_episodes

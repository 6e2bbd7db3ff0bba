with

    closings as (

        select
            deals.*,
            periods.period_grain,
            periods.period_start,
            periods.period_end,
            periods.frozen_date,
            periods.is_frozen

        from {{ ref('fct_opportunity') }} as deals
        inner join {{ ref('bridge_date_period') }} as days on deals.closed_date = days.date_day
        inner join
            {{ ref('dim_period') }} as periods
            on days.period_grain = periods.period_grain
            and days.period_start = periods.period_start
        where deals.is_closed

    ),

    -- The states of deals that changed after they were decided, the newest at the freeze first.
    -- What was recorded only after that day was not known then.
    states_at_freeze as (

        select
            closings.opportunity_id,
            closings.episode,
            closings.period_grain,
            versions.is_won,
            versions.opportunity_value,
            versions.is_excluded,
            row_number() over (
                partition by closings.opportunity_id, closings.episode, closings.period_grain
                order by versions.valid_from desc
            ) as recency

        from closings
        inner join
            {{ ref('fct_opportunity_version') }} as versions
            on closings.opportunity_id = versions.opportunity_id
            and closings.episode = versions.episode
            and closings.frozen_date >= versions.valid_from_date
        where
            closings.is_frozen
            and not closings.is_settled
            and versions.is_closed
            and not (versions.is_recorded_late and versions.recorded_date > closings.frozen_date)

    ),

    counted_closings as (

        -- Of a deal that was reopened only the last closing is known now.
        select
            'restated' as basis,
            closings.*,
            closings.is_won as is_won_by_then,
            closings.opportunity_value as value_by_then

        from closings
        where closings.is_last_episode and not closings.is_excluded

        union all

        -- At the freeze every closing counted, also of a deal that was reopened later. Most deals
        -- do not change once they are decided, and are now what they were then.
        select
            'as_closed' as basis,
            closings.*,
            case
                when closings.is_settled then closings.is_won else states.is_won
            end as is_won_by_then,
            case
                when closings.is_settled
                then closings.opportunity_value
                else states.opportunity_value
            end as value_by_then

        from closings
        left join
            states_at_freeze as states
            on closings.opportunity_id = states.opportunity_id
            and closings.episode = states.episode
            and closings.period_grain = states.period_grain
            and states.recency = 1
        where
            closings.is_frozen
            and case
                when closings.is_settled then not closings.was_excluded else not states.is_excluded
            end

    )

select
    basis,
    period_grain,
    period_start,
    period_end,
    opportunity_id,
    episode,
    closed_date,
    is_won_by_then as is_won,
    value_by_then as opportunity_value,
    sales_rep_id,
    team_id,
    branch_id,
    territory_id,
    segment,
    product_id,
    lead_source,
    loss_reason,
    competitor,
    deal_type,
    cycle_days,
    active_days

from counted_closings

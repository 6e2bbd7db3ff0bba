with

    closed_deals as (select * from {{ ref('fct_opportunity') }} where is_closed),

    days as (select * from {{ ref('bridge_date_period') }} where period_grain <> 'week'),

    known_closings as (select * from {{ ref('int_closings_known') }}),

    frozen_periods as (

        select distinct
            closings.opportunity_id,
            closings.episode,
            periods.period_grain,
            periods.period_start,
            periods.period_end,
            periods.frozen_date

        from known_closings as closings
        inner join days on closings.closed_date = days.date_day
        inner join
            {{ ref('dim_period') }} as periods
            on days.period_grain = periods.period_grain
            and days.period_start = periods.period_start
        where periods.is_frozen

    ),

    -- The newest at the freeze first. What was recorded only after that day was not known then.
    closings_at_freeze as (

        select
            periods.*,
            closings.closed_date,
            closings.is_won,
            closings.opportunity_value,
            closings.is_excluded,
            row_number() over (
                partition by
                    periods.opportunity_id,
                    periods.episode,
                    periods.period_grain,
                    periods.period_start
                order by closings.valid_from desc, closings.known_late_date desc
            ) as recency

        from frozen_periods as periods
        inner join
            known_closings as closings
            on periods.opportunity_id = closings.opportunity_id
            and periods.episode = closings.episode
            and periods.frozen_date >= closings.valid_from_date
            and coalesce(periods.frozen_date >= closings.known_late_date, true)

    ),

    counted_closings as (

        -- Of a deal that was reopened only the last closing is known now.
        select
            'restated' as basis,
            deals.*,
            days.period_grain,
            days.period_start,
            days.period_end,
            deals.closed_date as closed_date_by_then,
            deals.is_won as is_won_by_then,
            deals.opportunity_value as value_by_then

        from closed_deals as deals
        inner join days on deals.closed_date = days.date_day
        where deals.is_last_episode and not deals.is_excluded

        union all

        -- At the freeze every closing counted, also of a deal that was reopened later. Most deals
        -- do not change once they are decided, and are now what they were then.
        select
            'as_closed' as basis,
            deals.*,
            days.period_grain,
            days.period_start,
            days.period_end,
            deals.closed_date as closed_date_by_then,
            deals.is_won as is_won_by_then,
            deals.opportunity_value as value_by_then

        from closed_deals as deals
        inner join days on deals.closed_date = days.date_day
        inner join
            {{ ref('dim_period') }} as periods
            on days.period_grain = periods.period_grain
            and days.period_start = periods.period_start
        where deals.is_settled and not deals.was_excluded and periods.is_frozen

        union all

        select
            'as_closed' as basis,
            deals.*,
            closings.period_grain,
            closings.period_start,
            closings.period_end,
            closings.closed_date as closed_date_by_then,
            closings.is_won as is_won_by_then,
            closings.opportunity_value as value_by_then

        from closings_at_freeze as closings
        inner join
            closed_deals as deals
            on closings.opportunity_id = deals.opportunity_id
            and closings.episode = deals.episode
        where
            closings.recency = 1
            and not closings.is_excluded
            and closings.closed_date between closings.period_start and closings.period_end

    ),

    -- A closing on another day than is known now took whole days, since nothing tells its hour.
    timed_closings as (

        select
            *,
            coalesce(closed_date_by_then = closed_date, false) as is_closed_as_now,
            case
                when closed_date_by_then >= created_date
                then
                    cast(
                        {{ days_between('created_date', 'closed_date_by_then') }} as decimal(18, 6)
                    )
            end as cycle_days_by_then,
            case when episode = 1 then 0 else cycle_days - active_days end as closed_days

        from counted_closings

    )

select
    basis,
    period_grain,
    period_start,
    period_end,
    opportunity_id,
    episode,
    closed_date_by_then as closed_date,
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
    case when is_closed_as_now then cycle_days else cycle_days_by_then end as cycle_days,
    cast(
        case
            when is_closed_as_now
            then active_days
            when cycle_days_by_then >= closed_days
            then cycle_days_by_then - closed_days
        end as decimal(18, 6)
    ) as active_days

from timed_closings

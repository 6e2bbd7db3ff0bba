with

    known_periods as (

        select *

        from {{ ref('dim_period') }}
        where last_known_date is not null and period_grain <> 'week'

    ),

    -- What was open at the end of the day before a period, worth what it was at that day's rate.
    starting_deals as (

        select
            periods.period_grain,
            periods.period_start,
            periods.period_end,
            periods.last_known_date,
            spans.*,
            {{ converted_sum('spans.open_amount', 'rates.start_rate') }} as open_value,
            coalesce(
                spans.expected_close_date between periods.period_start and periods.period_end, false
            ) as is_expected

        from {{ ref('fct_pipeline_span') }} as spans
        inner join
            known_periods as periods
            on spans.valid_from_date < periods.period_start
            and spans.valid_to_date >= periods.period_start
        left join
            {{ ref('int_fx_rates_by_period') }} as rates
            on periods.period_grain = rates.period_grain
            and periods.period_start = rates.period_start
            and spans.currency_code = rates.currency_code

    ),

    pushes as (

        select distinct
            starting_deals.period_grain, starting_deals.period_start, starting_deals.opportunity_id

        from starting_deals
        inner join
            {{ ref('fct_pipeline_span') }} as later_spans
            on starting_deals.opportunity_id = later_spans.opportunity_id
            and starting_deals.period_start <= later_spans.valid_from_date
            and starting_deals.period_end >= later_spans.valid_from_date
            and starting_deals.period_end < later_spans.expected_close_date
        where starting_deals.is_expected

    ),

    pushed_starting_deals as (

        select
            deals.*,
            -- While a period runs, a deal that is still to be decided in time has not slipped.
            deals.is_expected and deals.expected_close_date <= deals.last_known_date as is_due,
            pushes.opportunity_id is not null as is_pushed

        from starting_deals as deals
        left join
            pushes
            on deals.opportunity_id = pushes.opportunity_id
            and deals.period_grain = pushes.period_grain
            and deals.period_start = pushes.period_start

    ),

    frozen_periods as (select * from {{ ref('dim_period') }} where is_frozen)

-- How each of them ended in the period, if it did, in the episode in which it was open: as is
-- known now, and as was known when the period was frozen.
select
    'restated' as basis,
    deals.period_grain,
    deals.period_start,
    deals.period_end,
    deals.opportunity_id,
    deals.episode,
    deals.sales_rep_id,
    deals.team_id,
    deals.branch_id,
    deals.territory_id,
    deals.segment,
    deals.product_id,
    deals.lead_source,
    cast(deals.open_value as decimal(28, 10)) as open_value,
    deals.is_expected,
    deals.is_due,
    deals.is_pushed,
    coalesce(
        facts.closed_date between deals.period_start and deals.period_end, false
    ) as is_decided,
    coalesce(facts.is_won, false) as is_won

from pushed_starting_deals as deals
left join
    {{ ref('fct_opportunity') }} as facts
    on deals.opportunity_id = facts.opportunity_id
    and deals.episode = facts.episode

union all

select
    'as_closed' as basis,
    deals.period_grain,
    deals.period_start,
    deals.period_end,
    deals.opportunity_id,
    deals.episode,
    deals.sales_rep_id,
    deals.team_id,
    deals.branch_id,
    deals.territory_id,
    deals.segment,
    deals.product_id,
    deals.lead_source,
    cast(deals.open_value as decimal(28, 10)) as open_value,
    deals.is_expected,
    deals.is_due,
    deals.is_pushed,
    closings.opportunity_id is not null as is_decided,
    coalesce(closings.is_won, false) as is_won

from pushed_starting_deals as deals
inner join
    frozen_periods
    on deals.period_grain = frozen_periods.period_grain
    and deals.period_start = frozen_periods.period_start
left join
    {{ ref('fct_closing') }} as closings
    on closings.basis = 'as_closed'
    and deals.opportunity_id = closings.opportunity_id
    and deals.episode = closings.episode
    and deals.period_grain = closings.period_grain
    and deals.period_start = closings.period_start

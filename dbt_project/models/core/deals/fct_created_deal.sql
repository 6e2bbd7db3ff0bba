{%- set facts = level_columns(deal_levels()) + ['has_amount', 'created_value'] %}
with

    -- Deals of which nobody tells the creation are not among them: an extract that showed them
    -- first says nothing about when they came to be.
    deals_now as (

        select deals.*, counted_deals.excluded_date, facts.created_date as given_created_date

        from {{ ref('int_deals_created') }} as deals
        inner join
            {{ ref('fct_opportunity') }} as facts
            on deals.opportunity_id = facts.opportunity_id
            and facts.is_last_episode
        inner join
            {{ ref('int_stage_deals_counted') }} as counted_deals
            on deals.opportunity_id = counted_deals.opportunity_id
        where deals.frozen_grain is null

    ),

    deals_then as (select * from {{ ref('int_deals_created') }} where frozen_grain is not null),

    corrected_deals as (

        select distinct frozen_grain, frozen_start, opportunity_id

        from {{ ref('int_pipeline_versions_at_freeze') }}

    ),

    frozen_periods as (
        select * from {{ ref('dim_period') }} where is_frozen and period_grain <> 'week'
    ),

    created_deals as (

        select
            'restated' as basis,
            cast(null as date) as frozen_date,
            days.period_grain,
            days.period_start,
            days.period_end,
            deals.opportunity_id,
            deals.given_created_date as created_date,
            {%- for column in facts %} deals.{{ column }} {{- ',' if not loop.last }} {%- endfor %}

        from deals_now as deals
        inner join
            {{ ref('bridge_date_period') }} as days
            on deals.given_created_date = days.date_day
            and days.period_grain <> 'week'
        where deals.excluded_date is null

        union all

        -- Most deals were known at the freeze as they are known now.
        select
            'as_closed' as basis,
            periods.frozen_date,
            periods.period_grain,
            periods.period_start,
            periods.period_end,
            deals.opportunity_id,
            deals.given_created_date as created_date,
            {%- for column in facts %} deals.{{ column }} {{- ',' if not loop.last }} {%- endfor %}

        from deals_now as deals
        inner join
            {{ ref('bridge_date_period') }} as days on deals.given_created_date = days.date_day
        inner join
            frozen_periods as periods
            on days.period_grain = periods.period_grain
            and days.period_start = periods.period_start
        left join
            corrected_deals
            on deals.opportunity_id = corrected_deals.opportunity_id
            and periods.period_grain = corrected_deals.frozen_grain
            and periods.period_start = corrected_deals.frozen_start
        where corrected_deals.opportunity_id is null

        union all

        select
            'as_closed' as basis,
            periods.frozen_date,
            periods.period_grain,
            periods.period_start,
            periods.period_end,
            deals.opportunity_id,
            deals.created_date,
            {%- for column in facts %} deals.{{ column }} {{- ',' if not loop.last }} {%- endfor %}

        from deals_then as deals
        inner join
            frozen_periods as periods
            on deals.frozen_grain = periods.period_grain
            and deals.frozen_start = periods.period_start
        where deals.created_date between periods.period_start and periods.period_end

    )

-- A deal that was excluded at the freeze did not count then, also where it is restored since.
select
    deals.basis,
    deals.period_grain,
    deals.period_start,
    deals.period_end,
    deals.opportunity_id,
    deals.created_date,
    {%- for column in facts %} deals.{{ column }} {{- ',' if not loop.last }} {%- endfor %}

from created_deals as deals
left join
    {{ ref('int_deal_exclusions') }} as exclusions
    on deals.opportunity_id = exclusions.opportunity_id
    and deals.frozen_date >= exclusions.excluded_from_date
    and deals.frozen_date < exclusions.excluded_to_date
where exclusions.opportunity_id is null

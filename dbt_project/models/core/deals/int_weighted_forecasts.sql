with

    -- At the period's end there is nothing left to foresee: what was won would measure itself.
    unforecast_horizons as (

        select *

        from {{ ref('int_forecast_horizons') }}
        where not has_submissions and horizon_days > 0

    ),

    -- The pipeline of a frozen period is what is known of it now, and what the corrections make of
    -- it.
    signed_spans as (

        {%- for basis in ['restated', 'as_closed'] %}
            select
                '{{ basis }}' as basis,
                1 as sign,
                cast(null as string) as frozen_grain,
                cast(null as date) as frozen_start,
                sales_rep_id,
                currency_code,
                weighted_amount,
                expected_close_date,
                valid_from_date,
                valid_to_date

            from {{ ref('fct_pipeline_span') }}
            where weighted_amount is not null

            union all
        {%- endfor %}

        select
            'as_closed' as basis,
            sign,
            frozen_grain,
            frozen_start,
            sales_rep_id,
            currency_code,
            weighted_amount,
            expected_close_date,
            valid_from_date,
            valid_to_date

        from {{ ref('int_pipeline_spans_at_freeze') }}
        where weighted_amount is not null

    ),

    stand_in_parts as (

        {%- for grain in period_grains() %}
            select
                spans.basis,
                spans.sales_rep_id as member_id,
                horizons.period_grain,
                horizons.period_start,
                horizons.period_end,
                horizons.horizon_days,
                true as is_weighted,
                spans.sign,
                {{ converted_sum('spans.sign * spans.weighted_amount', 'rates.exchange_rate') }}
                as forecast_value

            from signed_spans as spans
            inner join
                {{ ref('dim_date') }} as calendar on spans.expected_close_date = calendar.date_day
            inner join
                unforecast_horizons as horizons
                on calendar.{{ grain }}_start = horizons.period_start
                and horizons.period_grain = '{{ grain }}'
                and spans.valid_from_date <= horizons.horizon_date
                and spans.valid_to_date > horizons.horizon_date
            inner join
                {{ ref('fct_exchange_rate_held') }} as rates
                on spans.currency_code = rates.currency_code
                and horizons.horizon_date = rates.rate_date
            where
                (spans.basis = 'restated' or horizons.is_frozen)
                and coalesce(spans.frozen_grain, horizons.period_grain) = horizons.period_grain
                and coalesce(spans.frozen_start, horizons.period_start) = horizons.period_start

            union all
        {%- endfor %}

        select
            closings.basis,
            closings.sales_rep_id as member_id,
            horizons.period_grain,
            horizons.period_start,
            horizons.period_end,
            horizons.horizon_days,
            false as is_weighted,
            1 as sign,
            closings.opportunity_value as forecast_value

        from {{ ref('fct_closing') }} as closings
        inner join
            unforecast_horizons as horizons
            on closings.period_grain = horizons.period_grain
            and closings.period_start = horizons.period_start
            and closings.closed_date <= horizons.horizon_date
        where closings.is_won and closings.opportunity_value is not null

    ),

    -- Without any weighted pipeline in a period, what was won by then is no forecast of anybody.
    weighted_periods as (

        select distinct basis, period_grain, period_start

        from
            (
                select basis, period_grain, period_start
                from stand_in_parts
                where is_weighted
                group by basis, period_grain, period_start, horizon_days, member_id
                having sum(sign) > 0
            ) as weighted_members

    )

select
    parts.basis,
    parts.member_id,
    parts.period_grain,
    parts.period_start,
    parts.period_end,
    parts.horizon_days,
    cast(sum(parts.forecast_value) as decimal(18, 2)) as forecast_value

from stand_in_parts as parts
inner join
    weighted_periods
    on parts.basis = weighted_periods.basis
    and parts.period_grain = weighted_periods.period_grain
    and parts.period_start = weighted_periods.period_start
group by
    parts.basis,
    parts.member_id,
    parts.period_grain,
    parts.period_start,
    parts.period_end,
    parts.horizon_days
-- A rep who has nothing but what is taken out again was not known to have anything.
having sum(parts.sign) > 0

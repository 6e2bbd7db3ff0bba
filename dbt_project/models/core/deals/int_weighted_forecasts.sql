with

    -- At the period's end there is nothing left to foresee: what was won would measure itself.
    unforecast_horizons as (

        select *

        from {{ ref('int_forecast_horizons') }}
        where not has_submissions and horizon_days > 0

    ),

    stand_in_parts as (

        {%- for grain in period_grains() %}
            select
                open_spans.sales_rep_id as member_id,
                horizons.period_grain,
                horizons.period_start,
                horizons.period_end,
                horizons.horizon_days,
                true as is_weighted,
                {{ converted_sum('open_spans.weighted_amount', 'rates.exchange_rate') }}
                as forecast_value

            from {{ ref('fct_pipeline_span') }} as open_spans
            inner join
                {{ ref('dim_date') }} as calendar
                on open_spans.expected_close_date = calendar.date_day
            inner join
                unforecast_horizons as horizons
                on calendar.{{ grain }}_start = horizons.period_start
                and horizons.period_grain = '{{ grain }}'
                and open_spans.valid_from_date <= horizons.horizon_date
                and open_spans.valid_to_date > horizons.horizon_date
            inner join
                {{ ref('fct_exchange_rate_held') }} as rates
                on open_spans.currency_code = rates.currency_code
                and horizons.horizon_date = rates.rate_date
            where open_spans.weighted_amount is not null

            union all

            select
                deals.sales_rep_id as member_id,
                horizons.period_grain,
                horizons.period_start,
                horizons.period_end,
                horizons.horizon_days,
                false as is_weighted,
                deals.opportunity_value as forecast_value

            from {{ ref('fct_opportunity') }} as deals
            inner join {{ ref('dim_date') }} as calendar on deals.closed_date = calendar.date_day
            inner join
                unforecast_horizons as horizons
                on calendar.{{ grain }}_start = horizons.period_start
                and horizons.period_grain = '{{ grain }}'
                and deals.closed_date <= horizons.horizon_date
            where
                deals.is_won
                and deals.is_last_episode
                and not deals.is_excluded
                and deals.opportunity_value is not null
                {{ 'union all' if not loop.last }}
        {%- endfor %}

    ),

    -- Without any weighted pipeline in a period, what was won by then is no forecast of anybody.
    weighted_periods as (

        select distinct period_grain, period_start from stand_in_parts where is_weighted

    )

select
    parts.member_id,
    parts.period_grain,
    parts.period_start,
    parts.period_end,
    parts.horizon_days,
    cast(sum(parts.forecast_value) as decimal(18, 2)) as forecast_value

from stand_in_parts as parts
inner join
    weighted_periods
    on parts.period_grain = weighted_periods.period_grain
    and parts.period_start = weighted_periods.period_start
group by
    parts.member_id, parts.period_grain, parts.period_start, parts.period_end, parts.horizon_days

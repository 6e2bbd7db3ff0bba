with

    -- Only periods that are over can be measured.
    ended_periods as (

        select period_grain, period_start, period_end, is_frozen

        from {{ ref('dim_period') }}
        where period_end = last_known_date and period_grain <> 'week'

    ),

    horizons as (

        {% for days in forecast_horizons() -%}
            select {{ days }} as horizon_days {{ 'union all' if not loop.last }}
        {% endfor %}
    ),

    submitted_periods as (

        select distinct period_grain, period_start

        from {{ ref('fct_forecast_submission') }}
        where is_counted

    )

select
    ended_periods.period_grain,
    ended_periods.period_start,
    ended_periods.period_end,
    horizons.horizon_days,
    {{ plus_days('ended_periods.period_end', '-horizons.horizon_days') }} as horizon_date,
    ended_periods.is_frozen,
    submitted_periods.period_start is not null as has_submissions

from ended_periods
cross join horizons
left join
    submitted_periods
    on ended_periods.period_grain = submitted_periods.period_grain
    and ended_periods.period_start = submitted_periods.period_start

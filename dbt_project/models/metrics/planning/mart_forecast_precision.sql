with

    forecast_periods as (

        select distinct period_grain, period_start

        from {{ ref('fct_forecast_submission') }}
        where is_counted

    ),

    -- Only periods that are over can be measured.
    ended_periods as (

        select known_periods.period_grain, known_periods.period_start, known_periods.period_end

        from {{ ref('dim_period') }} as known_periods
        where known_periods.period_end = known_periods.last_known_date

    ),

    horizons as (

        {% for days in [0, 7, 14, 30, 60, 90] -%}
            select {{ days }} as horizon_days {{ 'union all' if not loop.last }}
        {% endfor %}
    ),

    ended_horizons as (

        select
            ended_periods.*,
            horizons.horizon_days,
            {{ plus_days('ended_periods.period_end', '-horizons.horizon_days') }} as horizon_date

        from ended_periods
        cross join horizons

    ),

    submitted_forecasts as (

        select
            submissions.submission_level,
            submissions.member_id,
            submissions.forecast_category,
            submissions.forecast_value,
            ended_horizons.period_grain,
            ended_horizons.period_start,
            ended_horizons.period_end,
            ended_horizons.horizon_days,
            row_number() over (
                partition by
                    submissions.submission_level,
                    submissions.member_id,
                    submissions.forecast_category,
                    ended_horizons.period_grain,
                    ended_horizons.period_start,
                    ended_horizons.horizon_days
                order by
                    submissions.submitted_at desc,
                    length(submissions.submission_id) desc,
                    submissions.submission_id desc
            ) as recency

        from {{ ref('fct_forecast_submission') }} as submissions
        inner join
            ended_horizons
            on submissions.period_grain = ended_horizons.period_grain
            and submissions.period_start = ended_horizons.period_start
            and submissions.submitted_date <= ended_horizons.horizon_date
        where submissions.is_counted

    ),

    -- Where nobody submits a forecast for a period, the reps' own pipeline stands in: what was won
    -- in the period by the horizon, and the weighted worth of what was open then and expected to
    -- close. At the period's end there is nothing left to foresee: what was won would measure
    -- itself.
    unforecast_horizons as (

        select ended_horizons.*

        from ended_horizons
        left join
            forecast_periods
            on ended_horizons.period_grain = forecast_periods.period_grain
            and ended_horizons.period_start = forecast_periods.period_start
        where forecast_periods.period_start is null and ended_horizons.horizon_days > 0

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
                and open_spans.starts_on <= horizons.horizon_date
                and open_spans.ends_on > horizons.horizon_date
            inner join
                {{ ref('int_fx_rates_held') }} as rates
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

    ),

    forecasts as (

        select
            'submission' as method,
            submission_level,
            member_id,
            forecast_category,
            period_grain,
            period_start,
            period_end,
            horizon_days,
            forecast_value

        from submitted_forecasts
        where recency = 1

        union all

        select
            'weighted_pipeline' as method,
            'rep' as submission_level,
            parts.member_id,
            'weighted' as forecast_category,
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
            parts.member_id,
            parts.period_grain,
            parts.period_start,
            parts.period_end,
            parts.horizon_days

    ),

    frozen_periods as (select * from {{ ref('dim_period') }} where is_frozen),

    forecasts_by_basis as (

        select 'restated' as basis, forecasts.*

        from forecasts

        union all

        select 'as_closed' as basis, forecasts.*

        from forecasts
        inner join
            frozen_periods
            on forecasts.period_grain = frozen_periods.period_grain
            and forecasts.period_start = frozen_periods.period_start

    ),

    -- One forecast against what its own member won; a member that won nothing won 0.
    measured_forecasts as (

        select
            forecasts.*,
            coalesce(actuals.won_value, 0) as actual_value,
            abs(forecasts.forecast_value - coalesce(actuals.won_value, 0)) as absolute_error_value,
            case
                when forecasts.submission_level = 'rep'
                then {{ or_unknown('reps.team_id') }}
                when forecasts.submission_level = 'team'
                then forecasts.member_id
            end as team_id

        from forecasts_by_basis as forecasts
        left join
            {{ ref('mart_deal_outcome') }} as actuals
            on forecasts.basis = actuals.basis
            and forecasts.submission_level = actuals.level
            and forecasts.member_id = actuals.member_id
            and forecasts.period_grain = actuals.period_grain
            and forecasts.period_start = actuals.period_start
        left join
            {{ ref('dim_sales_rep') }} as reps
            on forecasts.submission_level = 'rep'
            and forecasts.member_id = reps.sales_rep_id
            and forecasts.period_end >= reps.valid_from_date
            and forecasts.period_end < reps.valid_to_date

    ),

    levelled_forecasts as (

        select 'company' as level, 'all' as level_member_id, measured_forecasts.*

        from measured_forecasts

        union all

        select 'team' as level, team_id as level_member_id, measured_forecasts.*

        from measured_forecasts
        where submission_level in ('rep', 'team')

        union all

        select 'rep' as level, member_id as level_member_id, measured_forecasts.*

        from measured_forecasts
        where submission_level = 'rep'

    ),

    by_member as (

        select
            basis,
            period_grain,
            period_start,
            period_end,
            level,
            level_member_id as member_id,
            submission_level,
            forecast_category,
            horizon_days,
            method,
            count(*) as submissions,
            sum(forecast_value) as forecast_value,
            sum(actual_value) as actual_value,
            sum(absolute_error_value) as absolute_error_value,
            -- As decimals: a sum of doubles depends on the order of its rows in the last digits.
            sum(
                cast({{ ratio('absolute_error_value', 'actual_value') }} as decimal(38, 12))
            ) as error_shares,
            count(nullif(actual_value, 0)) as forecasts_with_wins

        from levelled_forecasts
        group by
            basis,
            period_grain,
            period_start,
            period_end,
            level,
            level_member_id,
            submission_level,
            forecast_category,
            horizon_days,
            method

    )

select
    by_member.period_grain,
    by_member.period_start,
    by_member.period_end,
    by_member.level,
    by_member.member_id,
    coalesce(members.member_name, by_member.member_id) as member_name,
    by_member.basis,
    by_member.forecast_category,
    by_member.horizon_days,
    by_member.submission_level,
    by_member.method,

    by_member.submissions,
    cast(by_member.forecast_value as decimal(18, 2)) as forecast_value,
    cast(by_member.actual_value as decimal(18, 2)) as actual_value,
    cast(by_member.forecast_value - by_member.actual_value as decimal(18, 2)) as error_value,
    cast(by_member.absolute_error_value as decimal(18, 2)) as absolute_error_value,
    {{ ratio('by_member.forecast_value - by_member.actual_value', 'by_member.actual_value') }}
    as bias,
    {{ ratio('by_member.absolute_error_value', 'by_member.actual_value') }} as wape,
    {{ ratio('by_member.error_shares', 'by_member.forecasts_with_wins') }} as mape,
    case
        when by_member.absolute_error_value > by_member.actual_value and by_member.actual_value <> 0
        then 0
        else 1 - {{ ratio('by_member.absolute_error_value', 'by_member.actual_value') }}
    end as precision,
    periods.period_label,
    periods.is_running,
    periods.elapsed_business_days

from by_member
left join
    {{ ref('dim_member') }} as members
    on by_member.level = members.level
    and by_member.member_id = members.member_id
left join
    {{ ref('dim_period') }} as periods
    on by_member.period_grain = periods.period_grain
    and by_member.period_start = periods.period_start

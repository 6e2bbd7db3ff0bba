with

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

        from {{ ref('fct_forecast') }} as forecasts
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

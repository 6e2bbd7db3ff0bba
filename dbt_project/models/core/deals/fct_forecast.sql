with

    submitted_forecasts as (

        select
            submissions.submission_level,
            submissions.member_id,
            submissions.forecast_category,
            submissions.forecast_value,
            horizons.period_grain,
            horizons.period_start,
            horizons.period_end,
            horizons.horizon_days,
            horizons.is_frozen,
            row_number() over (
                partition by
                    submissions.submission_level,
                    submissions.member_id,
                    submissions.forecast_category,
                    horizons.period_grain,
                    horizons.period_start,
                    horizons.horizon_days
                order by
                    submissions.submitted_at desc,
                    length(submissions.submission_id) desc,
                    submissions.submission_id desc
            ) as recency

        from {{ ref('fct_forecast_submission') }} as submissions
        inner join
            {{ ref('int_forecast_horizons') }} as horizons
            on submissions.period_grain = horizons.period_grain
            and submissions.period_start = horizons.period_start
            and submissions.submitted_date <= horizons.horizon_date
        where submissions.is_counted

    )

{%- for basis, counted in {'restated': 'recency = 1', 'as_closed': 'recency = 1 and is_frozen'}.items() %}
    select
        '{{ basis }}' as basis,
        period_grain,
        period_start,
        period_end,
        horizon_days,
        'submission' as method,
        submission_level,
        member_id,
        forecast_category,
        forecast_value

    from submitted_forecasts
    where {{ counted }}

    union all
{%- endfor %}

select
    basis,
    period_grain,
    period_start,
    period_end,
    horizon_days,
    'weighted_pipeline' as method,
    'rep' as submission_level,
    member_id,
    'weighted' as forecast_category,
    forecast_value

from {{ ref('int_weighted_forecasts') }}

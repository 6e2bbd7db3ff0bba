with

settings as (

    select
        reporting_currency,
        time_zone

    from {{ ref('stg_company__settings') }}

),

dated_submissions as (

    select
        submissions.*,
        coalesce(submissions.currency_code, settings.reporting_currency) as given_currency_code,
        {{ business_date('submissions.submitted_at', 'settings.time_zone') }} as submitted_date

    from {{ ref('stg_crm__forecast_submissions') }} as submissions
    cross join settings

),

placed_submissions as (

    select
        submissions.*,
        {{ or_unknown('reps.sales_rep_id') }} as sales_rep_id,
        case submissions.submission_level
            when 'rep' then {{ or_unknown('reps.sales_rep_id') }}
            when 'team' then coalesce(teams.team_id, reps.team_id, 'unknown')
            else 'all'
        end as member_id,
        {{ period_around('submissions.period_grain', 'calendar', 'end') }} as period_end,
        coalesce(
            submissions.period_start
            = {{ period_around('submissions.period_grain', 'calendar', 'start') }}, false
        ) as is_in_calendar

    from dated_submissions as submissions
    left join {{ ref('dim_date') }} as calendar on submissions.period_start = calendar.date_day
    left join {{ ref('dim_sales_rep') }} as reps
        on
            submissions.submitter_id = reps.sales_rep_id
            and submissions.submitted_date >= reps.valid_from_date
            and submissions.submitted_date < reps.valid_to_date
    left join {{ ref('dim_team') }} as teams on submissions.team_id = teams.team_id

),

-- Of two submissions of the same second the one with the greater id holds; both are reported.
ranked_submissions as (

    select
        *,
        row_number() over (
            partition by
                submission_level, member_id, submitter_id, period_grain, period_start,
                forecast_category, submitted_at
            order by length(submission_id) desc, submission_id desc
        ) as place,
        count(*) over (
            partition by
                submission_level, member_id, submitter_id, period_grain, period_start,
                forecast_category, submitted_at
        ) as submissions_of_that_second

    from placed_submissions

)

select
    submissions.submission_id,
    submissions.source_system,
    submissions.sales_rep_id,
    submissions.submission_level,
    submissions.member_id,
    submissions.period_grain,
    submissions.period_start,
    submissions.period_end,
    submissions.forecast_category,
    submissions.submitted_at,
    submissions.submitted_date,
    submissions.amount,
    submissions.given_currency_code as currency_code,
    rates.exchange_rate,
    rates.exchange_rate_date,
    {{ converted('submissions.amount', 'rates.exchange_rate') }} as forecast_value,
    case
        when submissions.member_id = 'unknown' then 'unknown_member'
        when not submissions.is_in_calendar then 'no_such_period'
        when rates.exchange_rate is null then 'no_exchange_rate'
        when submissions.submissions_of_that_second > 1 then 'same_second'
    end as problem,
    submissions.place = 1
    and submissions.member_id <> 'unknown'
    and submissions.is_in_calendar
    and rates.exchange_rate is not null as is_counted

from ranked_submissions as submissions
left join {{ ref('int_fx_rates_daily') }} as rates
    on
        submissions.given_currency_code = rates.currency_code
        and submissions.submitted_date = rates.rate_date

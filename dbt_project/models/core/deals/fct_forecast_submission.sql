with

    settings as (select reporting_currency, time_zone from {{ ref('stg_company__settings') }}),

    dated_submissions as (

        select
            submissions.*,
            coalesce(submissions.currency_code, settings.reporting_currency) as given_currency_code,
            {{ business_date('submissions.submitted_at', 'settings.time_zone') }} as submitted_date

        from {{ ref('stg_crm__forecast_submissions') }} as submissions
        cross join settings

    ),

    assigned_submissions as (

        select
            submissions.*,
            {{ or_unknown('reps.sales_rep_id') }} as sales_rep_id,
            case
                submissions.submission_level
                when 'rep'
                then {{ or_unknown('reps.sales_rep_id') }}
                when 'team'
                then coalesce(teams.team_id, reps.team_id, 'unknown')
                else 'all'
            end as member_id,
            {{ period_around('submissions.period_grain', 'calendar', 'end') }} as period_end,
            coalesce(
                submissions.period_start
                = {{ period_around('submissions.period_grain', 'calendar', 'start') }},
                false
            ) as is_in_calendar

        from dated_submissions as submissions
        left join {{ ref('dim_date') }} as calendar on submissions.period_start = calendar.date_day
        left join
            {{ ref('dim_sales_rep') }} as reps
            on submissions.submitter_id = reps.sales_rep_id
            and submissions.submitted_date >= reps.valid_from_date
            and submissions.submitted_date < reps.valid_to_date
        left join {{ ref('dim_team') }} as teams on submissions.team_id = teams.team_id

    ),

    converted_submissions as (

        select
            submissions.*,
            rates.exchange_rate,
            rates.exchange_rate_date,
            submissions.member_id <> 'unknown'
            and submissions.is_in_calendar
            and rates.exchange_rate is not null as can_count

        from assigned_submissions as submissions
        left join
            {{ ref('int_fx_rates_daily') }} as rates
            on submissions.given_currency_code = rates.currency_code
            and submissions.submitted_date = rates.rate_date

    ),

    -- Of two submissions of the same second that can count the one with the greater id holds, and
    -- both are reported. One that cannot count, for want of a rate, says nothing of its twin.
    ranked_submissions as (

        select
            *,
            row_number() over (
                partition by
                    submission_level,
                    member_id,
                    submitter_id,
                    period_grain,
                    period_start,
                    forecast_category,
                    submitted_at
                order by can_count desc, length(submission_id) desc, submission_id desc
            ) as rank,
            count(case when can_count then 1 end) over (
                partition by
                    submission_level,
                    member_id,
                    submitter_id,
                    period_grain,
                    period_start,
                    forecast_category,
                    submitted_at
            ) as submissions_of_that_second

        from converted_submissions

    )

select
    submission_id,
    source_system,
    sales_rep_id,
    submission_level,
    member_id,
    period_grain,
    period_start,
    period_end,
    forecast_category,
    submitted_at,
    submitted_date,
    amount,
    given_currency_code as currency_code,
    exchange_rate,
    exchange_rate_date,
    {{ converted('amount', 'exchange_rate') }} as forecast_value,
    case
        when member_id = 'unknown'
        then 'unknown_member'
        when not is_in_calendar
        then 'no_such_period'
        when exchange_rate is null
        then 'no_exchange_rate'
        when submissions_of_that_second > 1
        then 'same_second'
    end as problem,
    can_count and rank = 1 as is_counted

from ranked_submissions

with

    history as (

        {{ version_history(
        source('crm', 'forecast_submissions'),
        key=['submission_id'],
        columns=[
            'submitter_id',
            'submission_level',
            'team_id',
            'period_grain',
            'period_start',
            'forecast_category',
            'amount',
            'currency_code',
            'submitted_at',
        ],
    ) | indent(4) }}

    )

select
    submission_id,

    submitter_id,
    submission_level,
    team_id,
    period_grain,
    period_start,
    forecast_category,
    amount,
    currency_code,
    submitted_at,

    source_system,
    extract_id,
    extracted_at

from history
where is_current and not is_vanished

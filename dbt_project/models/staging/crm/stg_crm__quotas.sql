with

    history as (

        {{ version_history(
        source('crm', 'quotas'),
        key=['quota_id'],
        columns=[
            'user_id',
            'team_id',
            'territory_id',
            'period_grain',
            'period_start',
            'quota_kind',
            'version',
            'amount',
            'currency_code',
        ],
    ) | indent(4) }}

    )

select
    quota_id,

    user_id,
    team_id,
    territory_id,
    period_grain,
    period_start,
    quota_kind,
    version,
    amount,
    currency_code,

    source_system,
    extract_id,
    extracted_at

from history
where is_current and not is_vanished

with

    history as (

        {{ version_history(
        source('payroll', 'commission_plans'),
        key=['plan_id', 'plan_version'],
        columns=[
            'plan_name',
            'effective_from',
            'effective_to',
            'period_grain',
            'tier_basis',
            'tier_method',
            'cap_amount',
            'clawback_days',
            'currency_code',
        ],
    ) | indent(4) }}

    )

select
    plan_id,
    plan_version,

    plan_name,
    effective_from,
    effective_to,
    period_grain,
    tier_basis,
    tier_method,
    cap_amount,
    clawback_days,
    currency_code,

    source_system,
    extract_id,
    extracted_at

from history
where is_current and not is_vanished

with

    history as (

        {{ version_history(
        source('payroll', 'rate_tiers'),
        key=['plan_id', 'plan_version', 'tier_from'],
        columns=[
            'tier_to',
            'rate',
        ],
    ) | indent(4) }}

    )

select plan_id, plan_version, tier_from, tier_to, rate, source_system, extract_id, extracted_at

from history
where is_current and not is_vanished

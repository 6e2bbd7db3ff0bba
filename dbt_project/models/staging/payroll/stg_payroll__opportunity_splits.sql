with

    history as (

        {{ version_history(
        source('payroll', 'opportunity_splits'),
        key=['opportunity_id', 'user_id'],
        columns=[
            'split_share',
        ],
    ) | indent(4) }}

    )

select opportunity_id, user_id, split_share, source_system, extract_id, extracted_at

from history
where is_current and not is_vanished

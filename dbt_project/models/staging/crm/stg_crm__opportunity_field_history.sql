with

    history as (

        {{ version_history(
        source('crm', 'opportunity_field_history'),
        key=['history_id'],
        columns=[
            'opportunity_id',
            'field_name',
            'old_value',
            'new_value',
            'changed_at',
            'changed_by_id',
        ],
    ) | indent(4) }}

    )

select
    history_id,

    opportunity_id,
    field_name,
    old_value,
    new_value,
    changed_at,
    changed_by_id,

    source_system,
    extract_id,
    extracted_at

from history
where is_current and not is_vanished

with

    history as (

        {{ version_history(
        source('hr', 'holidays'),
        key=['holiday_id'],
        columns=[
            'holiday_date',
            'holiday_name',
            'country',
            'branch_id',
        ],
    ) | indent(4) }}

    )

select
    holiday_id,

    holiday_date,
    holiday_name,
    country,
    branch_id,

    source_system,
    extract_id,
    extracted_at

from history
where is_current and not is_vanished

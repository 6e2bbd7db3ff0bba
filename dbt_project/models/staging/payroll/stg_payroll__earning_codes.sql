with

history as (

    {{ version_history(
        source('payroll', 'earning_codes'),
        key=['earning_code'],
        columns=[
            'earning_name',
            'earning_class',
            'is_commission',
        ],
    ) | indent(4) }}

)

select
    earning_code,

    earning_name,
    earning_class,
    is_commission,

    source_system,
    extract_id,
    extracted_at

from history
where
    is_current
    and not is_vanished

with

newest_extract as (

    select max(extracted_at) as as_of_at

    from {{ ref('stg_landing__extracts') }}
    where source = 'crm'

)

select
    newest_extract.as_of_at,
    {{ extract_date('newest_extract.as_of_at', 'settings.time_zone') }} as as_of_date,
    settings.close_lag_days

from newest_extract
cross join {{ ref('stg_company__settings') }} as settings

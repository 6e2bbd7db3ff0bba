with

    -- Deals are what most numbers are about; a company without a CRM goes by what it has.
    newest_extract as (

        select
            coalesce(
                max(case when source = 'crm' then extracted_at end), max(extracted_at)
            ) as as_of_at

        from {{ ref('stg_landing__extracts') }}

    )

select
    newest_extract.as_of_at,
    {{ extract_date('newest_extract.as_of_at', 'settings.time_zone') }} as as_of_date,
    settings.close_lag_days

from newest_extract
cross join {{ ref('stg_company__settings') }} as settings

with

    newest_extract as (

        select
            coalesce(
                max(case when source in ('crm', 'hr') then extracted_at end), max(extracted_at)
            ) as as_of_at

        from {{ ref('stg_landing__extracts') }}

    )

select
    newest_extract.as_of_at,
    {{ extract_date('newest_extract.as_of_at', 'settings.time_zone') }} as as_of_date

from newest_extract
cross join {{ ref('stg_company__settings') }} as settings

{{ config(materialized='view') }}

with

    extracts as (

        select
            source_system, extracted_at, max(case when kind = 'full' then 1 else 0 end) as is_full

        from {{ ref('stg_landing__extracts') }}
        where source = 'crm' and table_name = 'opportunities'
        group by source_system, extracted_at

    )

select
    source_system,
    extracted_at,
    lag(extracted_at) over (
        partition by source_system order by extracted_at
    ) as previous_extracted_at,
    min(case when is_full = 1 then extracted_at end) over (
        partition by source_system
    ) as first_full_extracted_at

from extracts

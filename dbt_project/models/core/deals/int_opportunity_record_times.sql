{{ config(materialized='view') }}

with

    record_times as (

        select distinct extracted_at as recorded_at

        from {{ ref('stg_landing__extracts') }}
        where source = 'crm'

    )

select record_times.recorded_at, max(extracts.extracted_at) as last_extract_before

from record_times
inner join
    {{ ref('int_opportunity_extracts') }} as extracts
    on record_times.recorded_at > extracts.extracted_at
group by record_times.recorded_at

{{ config(materialized='view') }}
with

    systems as (

        select distinct source_system from {{ ref('stg_landing__extracts') }} where source = 'crm'

    ),

    first_extracts as (

        select source_system, min(valid_from) as first_reported_at

        from {{ ref('stg_crm__leads_history') }}
        group by source_system

    )

select
    systems.source_system,
    coalesce(
        first_extracts.first_reported_at, min(first_extracts.first_reported_at) over ()
    ) as first_reported_at

from systems
left join first_extracts on systems.source_system = first_extracts.source_system

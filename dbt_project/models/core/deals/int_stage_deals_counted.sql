{{ config(materialized='view') }}

with

    exclusions as (

        select opportunity_id, max(changed_date) as excluded_date

        from {{ ref('fct_opportunity_event') }}
        where field_name = 'is_excluded' and new_value = 'true'
        group by opportunity_id

    )

-- A deal that was excluded from its first day on never counts; another one counts until that day.
select
    deals.opportunity_id,
    case when deals.is_excluded then exclusions.excluded_date end as excluded_date

from {{ ref('fct_opportunity') }} as deals
left join exclusions on deals.opportunity_id = exclusions.opportunity_id
where deals.is_last_episode and (not deals.is_excluded or exclusions.excluded_date is not null)

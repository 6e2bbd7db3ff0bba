select
    branch_id,
    branch_name,
    region,
    country

from {{ ref('stg_crm__branches_history') }}
where is_current

union all

select
    'unknown' as branch_id,
    'Unknown' as branch_name,
    cast(null as string) as region,
    cast(null as string) as country

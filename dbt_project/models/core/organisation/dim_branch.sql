with

    branches as (

        select branch_id, branch_name, region, country

        from {{ ref('stg_crm__branches_history') }}
        where is_current

    ),

    -- A company without a CRM has branches all the same, and HR knows them by their ids alone.
    -- Where the CRM has branches, one that it does not know is reported and unknown, as it is for
    -- deals.
    hr_branches as (

        select branch_id
        from {{ ref('stg_hr__positions') }}
        union distinct
        select branch_id
        from {{ ref('stg_hr__requisitions') }}

    ),

    branches_of_hr_alone as (

        select branch_id

        from hr_branches
        where branch_id is not null and not exists (select 1 from branches)

    )

select branch_id, branch_name, region, country

from branches

union all

select
    branch_id,
    branch_id as branch_name,
    cast(null as string) as region,
    cast(null as string) as country

from branches_of_hr_alone

union all

select
    'unknown' as branch_id,
    'Unknown' as branch_name,
    cast(null as string) as region,
    cast(null as string) as country

{{ config(materialized='view') }}

with

    countries as (

        select distinct coalesce(country, 'unknown') as country

        from {{ ref('dim_employee') }}
        where is_sales or sales_fte > 0

    ),

    org_units as (

        select countries.country, branches.branch_id

        from countries
        cross join {{ ref('dim_branch') }} as branches

    )

-- A holiday of HR holds in the places that it names; one without a place holds everywhere.
select distinct org_units.country, org_units.branch_id, holidays.holiday_date

from org_units
inner join
    {{ ref('stg_hr__holidays') }} as holidays
    on (holidays.country is null or org_units.country = holidays.country)
    and (holidays.branch_id is null or org_units.branch_id = holidays.branch_id)

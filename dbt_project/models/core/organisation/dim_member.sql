with

    managers as (select distinct manager_id from {{ ref('bridge_sales_rep_manager') }}),

    named_members as (

        select 'company' as level, 'all' as member_id, 'All' as member_name

        union all

        select 'branch' as level, branch_id as member_id, branch_name as member_name

        from {{ ref('dim_branch') }}

        union all

        select 'territory' as level, territory_id as member_id, territory_name as member_name

        from {{ ref('dim_territory') }}

        union all

        select 'team' as level, team_id as member_id, team_name as member_name

        from {{ ref('dim_team') }}

        union all

        select 'rep' as level, sales_rep_id as member_id, sales_rep_name as member_name

        from {{ ref('dim_sales_rep') }}
        where is_current

        union all

        select
            'manager' as level, reps.sales_rep_id as member_id, reps.sales_rep_name as member_name

        from {{ ref('dim_sales_rep') }} as reps
        inner join managers on reps.sales_rep_id = managers.manager_id
        where reps.is_current

        union all

        select 'product' as level, product_id as member_id, product_name as member_name

        from {{ ref('dim_product') }}

        union all

        select 'stage' as level, stage_id as member_id, stage_name as member_name

        from {{ ref('dim_stage') }}

        -- Members of the other levels are called what they are; only the unknown one needs a name.
        union all

        select 'segment' as level, 'unknown' as member_id, 'Unknown' as member_name

        union all

        select 'lead_source' as level, 'unknown' as member_id, 'Unknown' as member_name

        union all

        select 'forecast_category' as level, 'unknown' as member_id, 'Unknown' as member_name

    )

select *
from named_members

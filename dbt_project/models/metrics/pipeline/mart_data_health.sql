{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
with

    faults as (

        select faults.*, 'restated' as basis, warehouse.as_of_date

        from {{ ref('fct_deal_fault') }} as faults
        cross join {{ ref('dim_as_of') }} as warehouse

    ),

    faults_by_member as (

        {{ rolled_up_by('faults', ['field_name', 'fault'], {
            'faulty_deals': 'count(*)',
            'faulty_value': money_sum('facts.opportunity_value'),
        }, levels=activity_levels(), managers_on='as_of_date') }}

    ),

    open_deals as (

        select deals.*, 'restated' as basis, warehouse.as_of_date

        from {{ ref('fct_opportunity') }} as deals
        cross join {{ ref('dim_as_of') }} as warehouse
        where deals.is_last_episode and not deals.is_closed and not deals.is_excluded

    ),

    deals_by_member as (

        {{ rolled_up_by('open_deals', [], {
            'open_deals': 'count(*)',
        }, levels=activity_levels(), managers_on='as_of_date') }}

    )

select
    warehouse.as_of_date,
    by_member.level,
    by_member.member_id,
    coalesce(members.member_name, by_member.member_id) as member_name,
    by_member.field_name,
    by_member.fault,
    deals.open_deals,
    by_member.faulty_deals,
    by_member.faulty_value,
    {{ ratio('by_member.faulty_deals', 'deals.open_deals') }} as faulty_share

from faults_by_member as by_member
cross join {{ ref('dim_as_of') }} as warehouse
inner join
    deals_by_member as deals
    on by_member.level = deals.level
    and by_member.member_id = deals.member_id
left join
    {{ ref('dim_member') }} as members
    on by_member.level = members.level
    and by_member.member_id = members.member_id

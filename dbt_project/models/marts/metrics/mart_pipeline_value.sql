{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
with

attributed_versions as (

    {{ open_spans() }}

),

valued_versions as (

    select
        'restated' as basis,
        branch_id,
        territory_id,
        team_id,
        sales_rep_id,
        segment,
        product_id,
        lead_source,
        stage_id,
        forecast_category,
        open_value,
        coalesce(weighted_value, 0) as weighted_value,
        case when weighted_value is null then 0 else 1 end as weighted_deals,
        case when amount_source = 'none' then 1 else 0 end as no_amount_deals,
        starts_on,
        ends_on,
        -- The first day of these on which the expected close date has passed.
        case
            when expected_close_date < starts_on then starts_on
            when {{ plus_days('expected_close_date', 1) }} < ends_on
                then {{ plus_days('expected_close_date', 1) }}
        end as overdue_on

    from attributed_versions

),

-- What each version adds on its first day, takes away again on the day after its last, and adds to
-- what is overdue in between. A day's pipeline is the sum of all changes up to its end.
changes as (

    select
        *,
        starts_on as as_of_date,
        1 as deals_change,
        0 as overdue_change

    from valued_versions

    union all

    select
        *,
        overdue_on as as_of_date,
        0 as deals_change,
        1 as overdue_change

    from valued_versions
    where overdue_on is not null

    union all

    select
        *,
        ends_on as as_of_date,
        -1 as deals_change,
        case when overdue_on is null then 0 else -1 end as overdue_change

    from valued_versions
    where ends_on < {{ open_end_date() }}

),

daily_changes as (

    {{ rolled_up_by('changes', keys=['as_of_date'], levels=pipeline_levels(), measures={
        'open_deals': 'sum(facts.deals_change)',
        'open_value': 'sum(facts.deals_change * facts.open_value)',
        'weighted_value': 'sum(facts.deals_change * facts.weighted_value)',
        'weighted_deals': 'sum(facts.deals_change * facts.weighted_deals)',
        'overdue_deals': 'sum(facts.overdue_change)',
        'overdue_value': 'sum(facts.overdue_change * facts.open_value)',
        'no_amount_deals': 'sum(facts.deals_change * facts.no_amount_deals)',
    }) }}

),

first_days as (

    select
        basis,
        level,
        member_id,
        min(as_of_date) as first_date

    from daily_changes
    group by
        basis,
        level,
        member_id

),

member_days as (

    select
        first_days.basis,
        first_days.level,
        first_days.member_id,
        calendar.date_day as as_of_date

    from first_days
    cross join {{ ref('int_warehouse_as_of') }} as warehouse
    inner join {{ ref('dim_date') }} as calendar
        on
            first_days.first_date <= calendar.date_day
            and warehouse.as_of_date >= calendar.date_day

),

daily_states as (

    select
        member_days.as_of_date,
        member_days.level,
        member_days.member_id,
        member_days.basis,
        coalesce(sum(daily_changes.open_deals) over member_history, 0) as open_deals,
        coalesce(sum(daily_changes.open_value) over member_history, 0) as open_value,
        coalesce(sum(daily_changes.weighted_value) over member_history, 0) as weighted_value,
        coalesce(sum(daily_changes.weighted_deals) over member_history, 0) as weighted_deals,
        coalesce(sum(daily_changes.overdue_deals) over member_history, 0) as overdue_deals,
        coalesce(sum(daily_changes.overdue_value) over member_history, 0) as overdue_value,
        coalesce(sum(daily_changes.no_amount_deals) over member_history, 0) as no_amount_deals

    from member_days
    left join daily_changes
        on
            member_days.as_of_date = daily_changes.as_of_date
            and member_days.level = daily_changes.level
            and member_days.member_id = daily_changes.member_id
            and member_days.basis = daily_changes.basis
    window member_history as (
        partition by member_days.basis, member_days.level, member_days.member_id
        order by member_days.as_of_date
        rows between unbounded preceding and current row
    )

)

select  -- noqa: ST06
    daily_states.as_of_date,
    daily_states.level,
    daily_states.member_id,
    coalesce(members.member_name, daily_states.member_id) as member_name,
    daily_states.basis,

    cast(daily_states.open_deals as bigint) as open_deals,
    cast(daily_states.open_value as decimal(18, 2)) as open_value,
    cast(
        case when daily_states.weighted_deals > 0 then daily_states.weighted_value end
        as decimal(18, 2)
    ) as weighted_value,
    cast(daily_states.overdue_deals as bigint) as overdue_deals,
    cast(daily_states.overdue_value as decimal(18, 2)) as overdue_value,
    cast(daily_states.no_amount_deals as bigint) as no_amount_deals,
    cast(daily_states.weighted_deals as bigint) as weighted_deals

from daily_states
left join {{ ref('int_level_members_named') }} as members
    on
        daily_states.level = members.level
        and daily_states.member_id = members.member_id
-- A deal that is open counts, whatever it is worth, so a member without one has nothing to show.
where daily_states.open_deals > 0

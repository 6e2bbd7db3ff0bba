{%- set counts = [
    'people_change', 'fte_change', 'people_day_change', 'fte_day_change', 'people_before', 'fte_before',
    'joiners', 'rehires', 'leavers', 'transfers_in', 'transfers_out',
] -%}
with

    changes as (select * from {{ ref('int_headcount_changes_by_member') }}),

    known_periods as (

        select period_grain, period_start, period_end, last_known_date_for_hr as last_known_date

        from {{ ref('dim_period') }}
        where last_known_date_for_hr is not null and period_grain <> 'week'

    ),

    -- A member has a row in each period since it first had somebody, also where nobody came or
    -- went.
    members as (

        select period_grain, level, member_id, min(period_start) as first_period_start

        from changes
        group by period_grain, level, member_id

    ),

    periods as (

        select
            known_periods.period_grain,
            known_periods.period_start,
            known_periods.period_end,
            members.level,
            members.member_id,
            {{ days_between("date '1970-01-01'", 'known_periods.last_known_date') }}
            + 1 as day_number_after,
            {{ days_between('known_periods.period_start', 'known_periods.last_known_date') }}
            + 1 as known_days,
            {%- for count in counts %}
                coalesce(changes.{{ count }}, 0) as {{ count }}{{ ',' if not loop.last }}
            {%- endfor %}

        from known_periods
        inner join
            members
            on known_periods.period_grain = members.period_grain
            and known_periods.period_start >= members.first_period_start
        left join
            changes
            on known_periods.period_grain = changes.period_grain
            and known_periods.period_start = changes.period_start
            and members.level = changes.level
            and members.member_id = changes.member_id

    ),

    running as (

        select
            *,
            (sum(people_change + people_before) over so_far) - people_change as opening_headcount,
            sum(people_change + people_before) over so_far as closing_headcount,
            (sum(fte_change + fte_before) over so_far) - fte_change as opening_fte,
            sum(fte_change + fte_before) over so_far as closing_fte

        from periods
        window
            so_far as (
                partition by period_grain, level, member_id
                order by period_start
                rows between unbounded preceding and current row
            )

    ),

    -- Those who were there at the start count for each day, and each change from its day on.
    counted as (

        select
            *,
            opening_headcount * known_days
            + people_change * day_number_after
            - people_day_change as employed_days,
            opening_fte * known_days + fte_change * day_number_after - fte_day_change as fte_days

        from running

    )

select
    period_grain,
    period_start,
    period_end,
    level,
    member_id,
    'restated' as basis,
    cast(opening_headcount as bigint) as opening_headcount,
    joiners,
    rehires,
    transfers_in,
    leavers,
    transfers_out,
    cast(closing_headcount as bigint) as closing_headcount,
    cast(closing_fte as decimal(38, 6)) as closing_fte,
    cast(employed_days as bigint) as employed_days,
    cast(fte_days as decimal(38, 6)) as fte_days,
    cast(known_days as bigint) as known_days

from counted
where opening_headcount > 0 or employed_days > 0

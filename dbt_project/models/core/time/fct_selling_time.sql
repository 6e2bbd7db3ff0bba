{%- set summed = ['split_days', 'split_available_seconds'] -%}
{%- for part in ['scheduled', 'leave', 'holiday', 'available', 'recorded', 'unrecorded'] + activity_classes() -%}
    {%- do summed.append(part ~ '_seconds') -%}
{%- endfor %}
with

    days as (

        select
            *,
            case when is_split_known then 1 else 0 end as split_days,
            case when is_split_known then available_seconds else 0 end as split_available_seconds

        from {{ ref('int_selling_time_daily') }}

    ),

    days_as_closed as (

        select
            *,
            case when is_split_known then 1 else 0 end as split_days,
            case when is_split_known then available_seconds else 0 end as split_available_seconds

        from {{ ref('int_time_daily_as_closed') }}

    ),

    months as (

        select
            days.person_id,
            days.rep_id,
            days.branch_id,
            days.team_id,
            days.territory_id,
            calendar.month_start,
            -- Any day of the month tells its quarter and year too.
            min(days.date_day) as first_date,
            {%- for column in summed %}
                cast(sum(days.{{ column }}) as bigint) as {{ column }},
            {%- endfor %}
            min(days.time_source) as first_time_source,
            max(days.time_source) as last_time_source

        from days
        inner join {{ ref('dim_date') }} as calendar on days.date_day = calendar.date_day
        group by
            days.person_id,
            days.rep_id,
            days.branch_id,
            days.team_id,
            days.territory_id,
            calendar.month_start

    ),

    months_of_periods as (

        select periods.period_grain, periods.period_start, periods.period_end, months.*

        from months
        inner join
            {{ ref('bridge_date_period') }} as periods
            on months.first_date = periods.date_day
            and periods.period_grain <> 'week'

    ),

    -- The months of frozen periods that were known otherwise at the freeze.
    changed_months as (

        select
            days.period_grain,
            days.period_start,
            days.period_end,
            days.person_id,
            days.rep_id,
            days.branch_id,
            days.team_id,
            days.territory_id,
            calendar.month_start,
            {%- for column in summed %}
                cast(sum(days.{{ column }}) as bigint) as {{ column }},
            {%- endfor %}
            min(days.time_source) as first_time_source,
            max(days.time_source) as last_time_source

        from days_as_closed as days
        inner join {{ ref('dim_date') }} as calendar on days.date_day = calendar.date_day
        group by
            days.period_grain,
            days.period_start,
            days.period_end,
            days.person_id,
            days.rep_id,
            days.branch_id,
            days.team_id,
            days.territory_id,
            calendar.month_start

    ),

    changed_people as (select distinct period_grain, person_id, month_start from changed_months),

    -- All others are what they are now.
    unchanged_months as (

        select months.*

        from months_of_periods as months
        inner join
            {{ ref('dim_period') }} as periods
            on months.period_grain = periods.period_grain
            and months.period_start = periods.period_start
            and periods.is_frozen
        left join
            changed_people as changed
            on months.period_grain = changed.period_grain
            and months.person_id = changed.person_id
            and months.month_start = changed.month_start
        where changed.person_id is null

    )

{%- for basis, relation in [
    ('restated', 'months_of_periods'), ('as_closed', 'unchanged_months'), ('as_closed', 'changed_months'),
] %}

    select
        '{{ basis }}' as basis,
        period_grain,
        period_start,
        period_end,
        month_start,
        person_id,
        rep_id,
        branch_id,
        team_id,
        territory_id,
        {%- for column in summed %} {{ column }}, {%- endfor %}
        first_time_source,
        last_time_source

    from {{ relation }} {{ 'union all' if not loop.last }}
{%- endfor %}

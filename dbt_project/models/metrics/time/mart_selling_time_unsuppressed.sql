{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set additive = ['split_days', 'split_available_seconds'] -%}
{%- for part in ['scheduled', 'leave', 'holiday', 'available', 'recorded', 'unrecorded'] + activity_classes() -%}
    {%- do additive.append(part ~ '_seconds') -%}
{%- endfor %}
{%- set measures = {
    'people': 'count(distinct facts.person_id)',
    'first_time_source': 'min(facts.first_time_source)',
    'last_time_source': 'max(facts.last_time_source)',
} -%}
{%- for column in additive -%}
    {%- do measures.update({column: 'sum(facts.' ~ column ~ ')'}) -%}
{%- endfor %}
with

    split_days_by_rep as (

        select
            *,
            case when is_split_known then 1 else 0 end as split_days,
            case when is_split_known then available_seconds else 0 end as split_available_seconds

        from {{ ref('int_selling_time_daily') }}

    ),

    -- Seconds add up, so quarters and years are made of months: there are thirty times as few of
    -- them.
    months as (

        select
            days.person_id,
            days.rep_id,
            days.branch_id,
            days.team_id,
            days.territory_id,
            -- Any day of the month tells its quarter and year too.
            min(days.date_day) as first_date,
            'restated' as basis,
            {%- for column in additive %} sum(days.{{ column }}) as {{ column }}, {%- endfor %}
            min(days.time_source) as first_time_source,
            max(days.time_source) as last_time_source

        from split_days_by_rep as days
        inner join {{ ref('dim_date') }} as calendar on days.date_day = calendar.date_day
        group by
            days.person_id,
            days.rep_id,
            days.branch_id,
            days.team_id,
            days.territory_id,
            calendar.month_start

    ),

    frozen_periods as (select * from {{ ref('dim_period') }} where is_frozen),

    split_days_as_closed as (

        select
            *,
            case when is_split_known then 1 else 0 end as split_days,
            case when is_split_known then available_seconds else 0 end as split_available_seconds

        from {{ ref('int_time_daily_as_closed') }}

    ),

    changed_months as (

        select distinct days.period_grain, days.person_id, calendar.month_start

        from {{ ref('int_time_daily_as_closed') }} as days
        inner join {{ ref('dim_date') }} as calendar on days.date_day = calendar.date_day

    ),

    -- A frozen period is made of its months as they are now, but for those that were known
    -- otherwise.
    as_closed as (

        select
            'as_closed' as basis,
            frozen.period_grain,
            frozen.period_start,
            frozen.period_end,
            months.person_id,
            months.rep_id,
            months.branch_id,
            months.team_id,
            months.territory_id,
            {%- for column in additive %} months.{{ column }}, {%- endfor %}
            months.first_time_source,
            months.last_time_source

        from months
        inner join {{ ref('dim_date') }} as calendar on months.first_date = calendar.date_day
        inner join
            frozen_periods as frozen
            on months.first_date >= frozen.period_start
            and months.first_date <= frozen.period_end
        left join
            changed_months as changed
            on frozen.period_grain = changed.period_grain
            and months.person_id = changed.person_id
            and calendar.month_start = changed.month_start
        where changed.person_id is null

        union all

        select
            'as_closed' as basis,
            period_grain,
            period_start,
            period_end,
            person_id,
            rep_id,
            branch_id,
            team_id,
            territory_id,
            {%- for column in additive %} sum({{ column }}) as {{ column }}, {%- endfor %}
            min(time_source) as first_time_source,
            max(time_source) as last_time_source

        from split_days_as_closed
        group by
            period_grain,
            period_start,
            period_end,
            person_id,
            rep_id,
            branch_id,
            team_id,
            territory_id

    ),

    by_member as (

        {{ rolled_up('months', date_column='first_date', measures=measures, levels=rep_levels()) }}

        union all

        {{ rolled_up_by(
        'as_closed',
        keys=['period_grain', 'period_start', 'period_end'],
        measures=measures,
        levels=rep_levels()
    ) }}

    )

select
    by_member.period_grain,
    by_member.period_start,
    by_member.period_end,
    by_member.level,
    by_member.member_id,
    coalesce(members.member_name, by_member.member_id) as member_name,
    by_member.basis,

    by_member.scheduled_seconds / 3600.0e0 as scheduled_hours,
    by_member.leave_seconds / 3600.0e0 as leave_hours,
    by_member.holiday_seconds / 3600.0e0 as holiday_hours,
    by_member.available_seconds / 3600.0e0 as available_hours,
    case
        when by_member.split_days > 0 then by_member.selling_seconds / 3600.0e0
    end as selling_hours,
    case
        when by_member.split_days > 0 then by_member.meeting_seconds / 3600.0e0
    end as meeting_hours,
    case
        when by_member.split_days > 0 then by_member.training_seconds / 3600.0e0
    end as training_hours,
    case when by_member.split_days > 0 then by_member.admin_seconds / 3600.0e0 end as admin_hours,
    case when by_member.split_days > 0 then by_member.other_seconds / 3600.0e0 end as other_hours,
    by_member.unrecorded_seconds / 3600.0e0 as unrecorded_hours,
    case
        when by_member.split_days > 0
        then {{ ratio('by_member.selling_seconds', 'by_member.split_available_seconds') }}
    end as selling_time_share,
    {{ ratio('by_member.recorded_seconds', 'by_member.available_seconds') }} as recorded_share,
    by_member.recorded_seconds / 3600.0e0 as recorded_hours,
    by_member.unclassified_seconds / 3600.0e0 as unclassified_hours,
    by_member.split_available_seconds / 3600.0e0 as split_available_hours,
    cast(by_member.people as bigint) as people,
    case
        when by_member.first_time_source <> by_member.last_time_source
        then 'both'
        else by_member.first_time_source
    end as time_source,
    periods.period_label,
    periods.is_running,
    periods.elapsed_business_days

from by_member
left join
    {{ ref('dim_member') }} as members
    on by_member.level = members.level
    and by_member.member_id = members.member_id
left join
    {{ ref('dim_period') }} as periods
    on by_member.period_grain = periods.period_grain
    and by_member.period_start = periods.period_start

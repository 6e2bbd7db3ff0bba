{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set summed = ['split_days', 'split_available_seconds'] -%}
{%- for part in ['scheduled', 'leave', 'holiday', 'available', 'recorded', 'unrecorded'] + activity_classes() -%}
    {%- do summed.append(part ~ '_seconds') -%}
{%- endfor %}
{%- set measures = {
    'people': 'count(distinct facts.person_id)',
    'first_time_source': 'min(facts.first_time_source)',
    'last_time_source': 'max(facts.last_time_source)',
} -%}
{%- for column in summed -%}
    {%- do measures.update({column: 'sum(facts.' ~ column ~ ')'}) -%}
{%- endfor %}
with

    by_member as (

        {{ rolled_up_by(
        ref('fct_selling_time'),
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

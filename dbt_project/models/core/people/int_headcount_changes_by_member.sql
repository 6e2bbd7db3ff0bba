{{ config(materialized='view') }}

{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set org_units = ['branch', 'territory', 'team'] -%}
{%- set counts = ['people_change', 'people_day_change', 'joiners', 'rehires', 'leavers'] -%}
{%- set measures = {
    'people_change': 'sum(facts.people_change)',
    'fte_change': 'sum(facts.fte_change)',
    'people_day_change': 'sum(facts.people_change * facts.day_number)',
    'fte_day_change': 'sum(facts.fte_change * facts.day_number)',
    'joiners': 'sum(facts.joiners)',
    'rehires': 'sum(facts.rehires)',
    'leavers': 'sum(facts.leavers)',
} -%}
{%- for org_unit in org_units -%}
    {%- do measures.update({
        org_unit ~ '_moves_in': 'sum(facts.' ~ org_unit ~ '_moves_in)',
        org_unit ~ '_moves_out': 'sum(facts.' ~ org_unit ~ '_moves_out)',
    }) -%}
{%- endfor %}
with

    changes as (

        select
            'restated' as basis,
            changes.*,
            {{ days_between("date '1970-01-01'", 'changes.effective_date') }} as day_number,
            calendar.date_day is null as is_before_calendar

        from {{ ref('int_headcount_changes') }} as changes
        left join {{ ref('dim_date') }} as calendar on changes.change_date = calendar.date_day

    ),

    changes_before_calendar as (select * from changes where is_before_calendar),

    before_calendar as (

        {{ rolled_up_by('changes_before_calendar', keys=[], measures=measures, levels=people_levels()) }}

    ),

    by_period as (

        {{ rolled_up('changes', date_column='change_date', measures=measures, levels=people_levels()) }}

    ),

    first_periods as (

        select period_grain, min(period_start) as period_start

        from {{ ref('dim_period') }}
        where last_known_date_for_hr is not null and period_grain <> 'week'
        group by period_grain

    ),

    changes_and_those_before as (

        select
            period_grain,
            period_start,
            level,
            member_id,
            {{ measures | join(', ') }},
            0 as people_before,
            0 as fte_before

        from by_period

        union all

        select
            first_periods.period_grain,
            first_periods.period_start,
            before_calendar.level,
            before_calendar.member_id,
            {% for measure in measures %} 0 as {{ measure }}, {% endfor %}
            before_calendar.people_change as people_before,
            before_calendar.fte_change as fte_before

        from before_calendar
        cross join first_periods

    )

select
    period_grain,
    period_start,
    level,
    member_id,
    {%- for count in counts %} cast(sum({{ count }}) as bigint) as {{ count }}, {%- endfor %}
    cast(sum(fte_change) as decimal(38, 6)) as fte_change,
    cast(sum(fte_day_change) as decimal(38, 6)) as fte_day_change,
    {%- for direction in ['in', 'out'] %}
        -- A move between branches is none of a team.
        cast(
            sum(
                case
                    level
                    {%- for org_unit in org_units %}
                        when '{{ org_unit }}' then {{ org_unit }}_moves_{{ direction }}
                    {%- endfor %}
                    else 0
                end
            ) as bigint
        ) as transfers_{{ direction }},
    {%- endfor %}
    cast(sum(people_before) as bigint) as people_before,
    cast(sum(fte_before) as decimal(38, 6)) as fte_before

from changes_and_those_before
group by period_grain, period_start, level, member_id

{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set org_units = ['branch', 'territory', 'team'] -%}
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

    intervals as (

        select
            *,
            valid_from_date = employed_from_date as begins_employment,
            valid_to_date = employed_to_date as ends_employment,
            {%- for org_unit in org_units %}
                lag({{ org_unit }}_id) over (
                    partition by person_id, employment_number order by valid_from_date
                ) as previous_{{ org_unit }}_id,
                lead({{ org_unit }}_id) over (
                    partition by person_id, employment_number order by valid_from_date
                ) as next_{{ org_unit }}_id,
            {%- endfor %}
            case
                when valid_to_date < {{ open_end_date() }} then {{ plus_days('valid_to_date', -1) }}
            end as last_date

        from {{ ref('fct_employment_interval') }}

    ),

    -- Each interval adds a person to its unit and takes the person off it again. Whoever leaves is
    -- counted on the last day, which is still a day employed; a move counts on the first day
    -- after it.
    changes as (

        select
            valid_from_date as change_date,
            valid_from_date as effective_date,
            {%- for org_unit in org_units %}
                {{ org_unit }}_id,
                case
                    when not begins_employment and previous_{{ org_unit }}_id <> {{ org_unit }}_id
                    then 1
                    else 0
                end as {{ org_unit }}_moves_in,
                0 as {{ org_unit }}_moves_out,
            {%- endfor %}
            1 as people_change,
            fte as fte_change,
            case when begins_employment then 1 else 0 end as joiners,
            case when begins_employment and employment_number > 1 then 1 else 0 end as rehires,
            0 as leavers

        from intervals

        union all

        select
            case when ends_employment then last_date else valid_to_date end as change_date,
            valid_to_date as effective_date,
            {%- for org_unit in org_units %}
                {{ org_unit }}_id,
                0 as {{ org_unit }}_moves_in,
                case
                    when not ends_employment and next_{{ org_unit }}_id <> {{ org_unit }}_id
                    then 1
                    else 0
                end as {{ org_unit }}_moves_out,
            {%- endfor %}
            -1 as people_change,
            - fte as fte_change,
            0 as joiners,
            0 as rehires,
            case when ends_employment then 1 else 0 end as leavers

        from intervals
        where last_date is not null

    ),

    known_changes as (

        select
            'restated' as basis,
            changes.*,
            {{ days_between("date '1970-01-01'", 'changes.effective_date') }} as day_number,
            calendar.date_day is null as is_before_calendar

        from changes
        cross join {{ ref('int_hr_as_of') }} as hr
        left join {{ ref('dim_date') }} as calendar on changes.change_date = calendar.date_day
        where changes.change_date <= hr.as_of_date

    ),

    changes_before_calendar as (select * from known_changes where is_before_calendar),

    before_calendar as (

        {{ rolled_up_by('changes_before_calendar', keys=[], measures=measures, levels=people_levels()) }}

    ),

    by_period as (

        {{ rolled_up('known_changes', date_column='change_date', measures=measures, levels=people_levels()) }}

    ),

    known_periods as (

        select period_grain, period_start, period_end, last_known_date_for_hr as last_known_date

        from {{ ref('dim_period') }}
        where last_known_date_for_hr is not null

    ),

    first_periods as (

        select period_grain, min(period_start) as period_start

        from known_periods
        group by period_grain

    ),

    changes_by_period as (

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

    ),

    -- A member has a row in each period since it first had somebody, also where nobody came or
    -- went.
    members as (

        select period_grain, level, member_id, min(period_start) as first_period_start

        from changes_by_period
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
            {%- for measure in measures %}
                sum(coalesce(changes.{{ measure }}, 0)) as {{ measure }},
            {%- endfor %}
            sum(coalesce(changes.people_before, 0)) as people_before,
            sum(coalesce(changes.fte_before, 0)) as fte_before

        from known_periods
        inner join
            members
            on known_periods.period_grain = members.period_grain
            and known_periods.period_start >= members.first_period_start
        left join
            changes_by_period as changes
            on known_periods.period_grain = changes.period_grain
            and known_periods.period_start = changes.period_start
            and members.level = changes.level
            and members.member_id = changes.member_id
        group by
            known_periods.period_grain,
            known_periods.period_start,
            known_periods.period_end,
            known_periods.last_known_date,
            members.level,
            members.member_id

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

    counted as (

        select
            *,
            -- Those who were there at the start count for each day, and each change from its day
            -- on.
            opening_headcount * known_days
            + people_change * day_number_after
            - people_day_change as employed_days,
            opening_fte * known_days + fte_change * day_number_after - fte_day_change as fte_days,
            case
                level
                {%- for org_unit in org_units %}
                    when '{{ org_unit }}' then {{ org_unit }}_moves_in
                {%- endfor %}
                else 0
            end as transfers_in,
            case
                level
                {%- for org_unit in org_units %}
                    when '{{ org_unit }}' then {{ org_unit }}_moves_out
                {%- endfor %}
                else 0
            end as transfers_out

        from running

    )

select
    counted.period_grain,
    counted.period_start,
    counted.period_end,
    counted.level,
    counted.member_id,
    coalesce(members.member_name, counted.member_id) as member_name,
    'restated' as basis,

    cast(counted.opening_headcount as bigint) as opening_headcount,
    cast(counted.joiners as bigint) as joiners,
    cast(counted.leavers as bigint) as leavers,
    cast(counted.closing_headcount as bigint) as closing_headcount,
    {{ ratio('counted.employed_days', 'counted.known_days') }} as average_headcount,
    {{ ratio('counted.fte_days', 'counted.known_days') }} as average_fte,
    {{ ratio('counted.leavers * counted.known_days', 'counted.employed_days') }} as turnover_rate,
    cast(counted.transfers_in as bigint) as transfers_in,
    cast(counted.transfers_out as bigint) as transfers_out,
    cast(counted.rehires as bigint) as rehires,
    cast(counted.closing_fte as double) as closing_fte,
    cast(counted.employed_days as bigint) as employed_days,
    cast(counted.fte_days as double) as fte_days,
    cast(counted.known_days as bigint) as known_days,
    periods.period_label,
    periods.is_running_for_hr as is_running,
    periods.elapsed_business_days_for_hr as elapsed_business_days

from counted
left join
    {{ ref('dim_member') }} as members
    on counted.level = members.level
    and counted.member_id = members.member_id
left join
    {{ ref('dim_period') }} as periods
    on counted.period_grain = periods.period_grain
    and counted.period_start = periods.period_start
where counted.opening_headcount > 0 or counted.employed_days > 0

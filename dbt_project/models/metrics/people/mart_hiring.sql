{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set counts = [
    'requisitions', 'openings', 'applications', 'interviewed_applications', 'offered_applications',
    'accepted_applications', 'hired_applications', 'open_applications', 'hires',
    'closed_requisitions', 'filled_requisitions',
] -%}
{%- set measures = {} -%}
{%- for count in counts -%}
    {%- do measures.update({count: 'sum(facts.' ~ count ~ ')'}) -%}
{%- endfor -%}
{%- for days in ['days_to_hire', 'days_to_fill'] -%}
    {%- do measures.update({
        days: 'sum(facts.' ~ days ~ ')',
        days ~ '_known': 'count(facts.' ~ days ~ ')',
        days ~ '_quantiles': quantiles('facts.' ~ days, [0.5]),
    }) -%}
{%- endfor %}
{#- What is dated by which day: the relation, its date, and the numbers that a row counts for. -#}
{%- set dated_numbers = [
    {
        'relation': ref('fct_application'),
        'date': 'applied_on',
        'numbers': {
            'applications': '1',
            'interviewed_applications': 'case when is_interviewed then 1 else 0 end',
            'offered_applications': 'case when is_offered then 1 else 0 end',
            'accepted_applications': 'case when is_accepted then 1 else 0 end',
            'hired_applications': 'case when is_hired then 1 else 0 end',
            'open_applications': 'case when is_open then 1 else 0 end',
        },
    },
    {
        'relation': ref('fct_application'),
        'date': 'hired_on',
        'numbers': {'hires': '1', 'days_to_hire': 'days_to_hire'},
    },
    {
        'relation': ref('fct_requisition'),
        'date': 'opened_on',
        'numbers': {'requisitions': '1', 'openings': 'openings'},
    },
    {
        'relation': ref('fct_requisition'),
        'date': 'closed_on',
        'numbers': {
            'closed_requisitions': '1',
            'filled_requisitions': 'case when hires > 0 then 1 else 0 end',
            'days_to_fill': 'days_to_fill',
        },
    },
] %}
with

    -- What became of an application counts on the day it came in, so that rates are shares of the
    -- same applications; how long things took counts on the day they were done.
    events as (

        {%- for dated in dated_numbers %}
            select
                {{ dated.date }} as event_date,
                branch_id,
                territory_id,
                team_id,
                {%- for count in counts %}
                    {{ dated.numbers.get(count, '0') }} as {{ count }},
                {%- endfor %}
                {{ dated.numbers.get('days_to_hire', 'cast(null as integer)') }} as days_to_hire,
                {{ dated.numbers.get('days_to_fill', 'cast(null as integer)') }} as days_to_fill

            from {{ dated.relation }}
            where {{ dated.date }} is not null {{ 'union all' if not loop.last }}
        {%- endfor %}

    ),

    known_events as (

        select events.*, 'restated' as basis

        from events
        cross join {{ ref('dim_hr_as_of') }} as hr
        where events.event_date <= hr.as_of_date

    ),

    by_member as (

        {{ rolled_up('known_events', date_column='event_date', measures=measures, levels=people_levels()) }}

    )

select
    by_member.period_grain,
    by_member.period_start,
    by_member.period_end,
    by_member.level,
    by_member.member_id,
    coalesce(members.member_name, by_member.member_id) as member_name,
    by_member.basis,

    cast(by_member.openings as bigint) as openings,
    cast(by_member.applications as bigint) as applications,
    cast(by_member.interviewed_applications as bigint) as interviewed_applications,
    cast(by_member.offered_applications as bigint) as offered_applications,
    cast(by_member.accepted_applications as bigint) as accepted_applications,
    cast(by_member.hired_applications as bigint) as hired_applications,
    cast(by_member.open_applications as bigint) as open_applications,
    {{ ratio('by_member.interviewed_applications', 'by_member.applications') }} as interview_rate,
    {{ ratio('by_member.offered_applications', 'by_member.applications') }} as offer_rate,
    {{ ratio('by_member.accepted_applications', 'by_member.offered_applications') }}
    as offer_acceptance_rate,
    {{ ratio('by_member.hired_applications', 'by_member.applications') }} as hire_rate,
    cast(by_member.hires as bigint) as hires,
    {{ ratio('by_member.days_to_hire', 'by_member.days_to_hire_known') }} as mean_days_to_hire,
    {{ nth_quantile('by_member.days_to_hire_quantiles', 1) }} as median_days_to_hire,
    cast(by_member.filled_requisitions as bigint) as filled_requisitions,
    {{ ratio('by_member.days_to_fill', 'by_member.days_to_fill_known') }} as mean_days_to_fill,
    {{ nth_quantile('by_member.days_to_fill_quantiles', 1) }} as median_days_to_fill,
    cast(by_member.requisitions as bigint) as requisitions,
    cast(by_member.closed_requisitions as bigint) as closed_requisitions,
    cast(by_member.days_to_hire as bigint) as hiring_days,
    cast(by_member.days_to_hire_known as bigint) as timed_hires,
    cast(by_member.days_to_fill as bigint) as filling_days,
    cast(by_member.days_to_fill_known as bigint) as timed_requisitions,
    periods.period_label,
    periods.is_running_for_hr as is_running,
    periods.elapsed_business_days_for_hr as elapsed_business_days

from by_member
left join
    {{ ref('dim_member') }} as members
    on by_member.level = members.level
    and by_member.member_id = members.member_id
left join
    {{ ref('dim_period') }} as periods
    on by_member.period_grain = periods.period_grain
    and by_member.period_start = periods.period_start

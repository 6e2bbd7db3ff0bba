{# The lengths of period that numbers are given for, as the columns of dim_date are named. #}
{% macro period_grains() %}
    {{ return(['month', 'quarter', 'year']) }}
{% endmacro %}


{# The lengths of period that the calendar has: weeks are for what moves from day to day, and few marts give them. #}
{% macro calendar_grains() %}
    {{ return(['week'] + period_grains()) }}
{% endmacro %}


{#
    Facts rolled up into one row per basis, period, level and member.

    Every level and every period is computed from the relation's own rows: a quarter is never made of
    months' results, nor a team of its reps', so medians and rates are right at each. The company's months,
    quarters and fiscal years come from dim_date.

    Arguments:
        relation: a CTE or table with the columns `basis`, the date column, and one column per level
            that is never NULL (rows without a member belong to 'unknown').
        date_column: the column whose date decides the period.
        measures: a dictionary of column name to aggregate expression over the relation's columns.
        levels: as deal_levels() gives them.
        keys: further columns to count by, such as a stage.

    The date column also says on which day somebody was a manager.

    Gives: the keys, period_grain, period_start, period_end, level, member_id, basis, then the
    measures.
#}
{% macro rolled_up(relation, date_column, measures, levels=none, keys=[]) %}
    {%- set levels = levels or deal_levels() -%}
    {%- set grains = period_grains() -%}
    {%- set facts_keys = [] -%}
    {%- for key in keys %}{% do facts_keys.append('facts.' ~ key) %}{% endfor -%}
    select
        {%- for key in facts_keys %}
        {{ key }},
        {%- endfor %}
        {{ period_columns(grains) | indent(8) }},
        {{ level_and_member('facts', levels) | indent(8) }},
        facts.basis,
        {%- for name, expression in measures.items() %}
        {{ expression }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}

    from {{ relation }} as facts
    inner join {{ ref('dim_date') }} as calendar on facts.{{ date_column }} = calendar.date_day
    group by grouping sets (
        {%- for grain in grains %}
        {{ grouping_sets(
            'facts',
            ['facts.basis', 'calendar.' ~ grain ~ '_start', 'calendar.' ~ grain ~ '_end'] + facts_keys,
            levels
        ) | indent(8) }}{{ ',' if not loop.last }}
        {%- endfor %}
    )
    {%- if 'manager' in levels %}

    union all

    {{ counted_by_manager(relation, keys, measures, date_column, grains) }}
    {%- endif %}
{%- endmacro %}


{#
    The same for facts that say themselves what they are counted by: one row per basis, key, level and
    member. Only keys that a fact has get rows.

    `managers_on` is the relation's column with the day on which somebody was a manager; without it there are
    no rows of managers.

    Gives: the keys under their own names, level, member_id, basis, then the measures.
#}
{% macro rolled_up_by(relation, keys, measures, levels=none, managers_on=none) %}
    {%- set levels = levels or deal_levels() -%}
    {%- set facts_keys = [] -%}
    {%- for key in keys %}{% do facts_keys.append('facts.' ~ key) %}{% endfor -%}
    select
        {%- for key in facts_keys %}
        {{ key }},
        {%- endfor %}
        {{ level_and_member('facts', levels) | indent(8) }},
        facts.basis,
        {%- for name, expression in measures.items() %}
        {{ expression }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}

    from {{ relation }} as facts
    group by grouping sets (
        {{ grouping_sets('facts', ['facts.basis'] + facts_keys, levels) | indent(8) }}
    )
    {%- if managers_on and 'manager' in levels %}

    union all

    {{ counted_by_manager(relation, keys, measures, managers_on) }}
    {%- endif %}
{%- endmacro %}


{#
    Facts counted for everybody who was above their rep on a day, whatever team each of them was in.

    A fact counts for several managers, so these rows are never added up. The day is the fact's own: what
    was before somebody got another manager stays with the old one.

    Arguments:
        relation: as in rolled_up_by, with sales_rep_id.
        keys, measures: as there.
        day: the column with the day of the fact.
        grains: the lengths of period to count by, where the relation has no periods of its own.
#}
{% macro counted_by_manager(relation, keys, measures, day, grains=[]) %}
    {%- set grouped = [] -%}
    {%- for key in keys %}{% do grouped.append('facts.' ~ key) %}{% endfor -%}
    select
        {%- for key in grouped %}
        {{ key }},
        {%- endfor %}
        {%- if grains %}
        {{ period_columns(grains) | indent(8) }},
        {%- endif %}
        'manager' as level,
        managers.manager_id as member_id,
        facts.basis,
        {%- for name, expression in measures.items() %}
        {{ expression }} as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}

    from {{ relation }} as facts
    inner join {{ ref('bridge_sales_rep_manager') }} as managers
        on
            facts.sales_rep_id = managers.sales_rep_id
            and facts.{{ day }} >= managers.valid_from_date
            and facts.{{ day }} < managers.valid_to_date
    {%- set grouped = ['facts.basis', 'managers.manager_id'] + grouped %}
    {%- if grains %}
    inner join {{ ref('dim_date') }} as calendar on facts.{{ day }} = calendar.date_day
    group by grouping sets (
        {%- for grain in grains %}
        ({{ grouped | join(', ') }}, calendar.{{ grain }}_start, calendar.{{ grain }}_end)
        {{- ',' if not loop.last }}
        {%- endfor %}
    )
    {%- else %}
    group by {{ grouped | join(', ') }}
    {%- endif %}
{%- endmacro %}


{# The columns of the period of a grouping set. #}
{% macro period_columns(grains) -%}
case
    {%- for grain in grains %}
    when grouping(calendar.{{ grain }}_start) = 0 then '{{ grain }}'
    {%- endfor %}
end as period_grain,
coalesce(calendar.{{ grains | join('_start, calendar.') }}_start) as period_start,
coalesce(calendar.{{ grains | join('_end, calendar.') }}_end) as period_end
{%- endmacro %}


{# The columns `level` and `member_id` of a grouping set; the set without a level is the company. #}
{% macro level_and_member(relation, levels) -%}
{%- if not level_columns(levels) -%}
'company' as level,
'all' as member_id
{%- else -%}
case
    {%- for level, declared in levels.items() if declared.column %}
    when grouping({{ relation }}.{{ declared.column }}) = 0 then '{{ level }}'
    {%- endfor %}
    else 'company'
end as level,
coalesce(
    {%- for column in level_columns(levels) %}
    {{ relation }}.{{ column }},
    {%- endfor %}
    'all'
) as member_id
{%- endif -%}
{%- endmacro %}


{# One grouping set per level: the keys, and the column of the level. #}
{% macro grouping_sets(relation, keys, levels) -%}
{%- for declared in levels.values() if declared.adds_up is not false -%}
({{ keys | join(', ') }}
{%- if declared.column %}, {{ relation }}.{{ declared.column }}{% endif %})
{%- if not loop.last %},
{% endif %}
{%- endfor -%}
{%- endmacro %}

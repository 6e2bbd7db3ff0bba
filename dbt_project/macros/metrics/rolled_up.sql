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
        case
            {%- for grain in grains %}
            when grouping(calendar.{{ grain }}_start) = 0 then '{{ grain }}'
            {%- endfor %}
        end as period_grain,
        coalesce(calendar.{{ grains | join('_start, calendar.') }}_start) as period_start,
        coalesce(calendar.{{ grains | join('_end, calendar.') }}_end) as period_end,
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
{%- endmacro %}


{#
    The same for facts that say themselves what they are counted by: one row per basis, key, level and
    member. Only keys that a fact has get rows.

    Gives: the keys under their own names, level, member_id, basis, then the measures.
#}
{% macro rolled_up_by(relation, keys, measures, levels=none) %}
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
{%- for declared in levels.values() -%}
({{ keys | join(', ') }}
{%- if declared.column %}, {{ relation }}.{{ declared.column }}{% endif %})
{%- if not loop.last %},
{% endif %}
{%- endfor -%}
{%- endmacro %}

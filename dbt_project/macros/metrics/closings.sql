{#
    The deals that count as decided, one row each, for rolled_up: basis, closing date, the members
    each counts for, and the columns asked for.

    `restated` says what is known now: of a deal that was reopened only the last closing counts, and
    merged, duplicate, deleted and vanished deals count nowhere.
#}
{% macro closings(columns) %}
    select
        'restated' as basis,
        closed_date,
        {%- for column in level_columns(deal_levels()) + columns %}
        {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}

    from {{ ref('fct_opportunity') }}
    where
        is_closed
        and is_last_episode
        and not is_excluded
{%- endmacro %}

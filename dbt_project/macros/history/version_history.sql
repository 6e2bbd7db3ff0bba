{#
    The history of a source table: one row per row of the source system and half-open interval
    [valid_from, valid_to) in which extracts showed it unchanged.

    Of the change log's versions these count:
    - of several files that speak for the same time, the last one (the log's order is _extract_id);
    - of consecutive equal versions, the first (a late extract may repeat what a later one said);
    - a deletion, which keeps the values last known, so that answers as of a later day still know
      whose row it was. A deletion of what was never seen is nothing.

    Most rows of most sources have a single version. They need no window function and pass straight
    through; sorting them along with the rest would be most of the cost of a refresh.

    Arguments:
        relation: the source table, with the change log's columns.
        key: names of its key columns.
        columns: names of its other columns.
#}
{% macro version_history(relation, key, columns) %}
{{- config(materialized=shared_view()) }}
with

-- Landing writes a key once an extract, so only a row of a later one makes a second version; and the
-- first extract is most of many tables.
later_keys as (

    select
        {{ key | join(',\n        ') }},
        count(*) as versions

    from {{ relation }}
    where _extract_id > (select min(_extract_id) from {{ relation }})
    group by {{ key | join(', ') }}

),

repeated_keys as (

    select {{ key | join(', ') }}

    from later_keys
    where versions > 1

    union distinct

    select {{ prefixed('versions', key) }}

    from {{ relation }} as versions
    inner join later_keys
        on {{ equal_keys('versions', 'later_keys', key) }}
    where versions._extract_id = (select min(_extract_id) from {{ relation }})

),

single_versions as (

    select versions.*

    from {{ relation }} as versions
    left join repeated_keys
        on {{ equal_keys('versions', 'repeated_keys', key) }}
    where
        repeated_keys.{{ key[0] }} is null
        and versions._op = 'upsert'

),

repeated_versions as (

    select
        versions.*,
        lead(versions._extracted_at) over (
            partition by {{ prefixed('versions', key) }}
            order by versions._extract_id
        ) as next_extracted_at

    from {{ relation }} as versions
    inner join repeated_keys
        on {{ equal_keys('versions', 'repeated_keys', key) }}

),

standing_versions as (

    select
        *,
        lag(_row_hash) over (partition by {{ key | join(', ') }} order by _extract_id) as previous_row_hash,
        lag(_op) over (partition by {{ key | join(', ') }} order by _extract_id) as previous_op

    from repeated_versions
    where
        next_extracted_at is null
        or next_extracted_at > _extracted_at

),

changes as (

    select
        *,
        row_number() over (partition by {{ key | join(', ') }} order by _extract_id) as version_number,
        lead(_extracted_at) over (partition by {{ key | join(', ') }} order by _extract_id) as _superseded_at,
        lead(_op) over (partition by {{ key | join(', ') }} order by _extract_id) as next_op

    from standing_versions
    where
        (_op = 'upsert' and coalesce(previous_op, 'delete') = 'delete')
        or (_op = 'upsert' and _row_hash <> previous_row_hash)
        or (_op = 'delete' and previous_op = 'upsert')

),

last_known as (

    select
        {{ key | join(', ') }},
        {{ columns | join(', ') }},
        version_number + 1 as version_number

    from changes
    where next_op = 'delete'

)

select
    {{ key | join(', ') }},
    {% for column in columns %}
    {{ column }} as {{ name_in_history(column) }},
    {% endfor %}
    _source_system as source_system,
    _extract_id as extract_id,
    _extracted_at as extracted_at,
    cast(1 as bigint) as version_number,
    false as has_other_versions,
    false as is_vanished,
    _extracted_at as valid_from,
    {{ open_end() }} as valid_to,
    true as is_current

from single_versions

union all

select
    {{ prefixed('changes', key) }},
    {% for column in columns %}
    coalesce(changes.{{ column }}, last_known.{{ column }}) as {{ name_in_history(column) }},
    {% endfor %}
    changes._source_system as source_system,
    changes._extract_id as extract_id,
    changes._extracted_at as extracted_at,
    changes.version_number,
    true as has_other_versions,
    changes._op = 'delete' as is_vanished,
    changes._extracted_at as valid_from,
    coalesce(changes._superseded_at, {{ open_end() }}) as valid_to,
    changes._superseded_at is null as is_current

from changes
left join last_known
    on {{ equal_keys('changes', 'last_known', key) }}
    and changes.version_number = last_known.version_number
{% endmacro %}


{# The name of a source's column beside the history's own, of which it may have one: what a source states of
   validity is `source_valid_from`. Two columns of one name would be told apart by their order. #}
{% macro name_in_history(column) -%}
    {{ 'source_' ~ column if column in ['valid_from', 'valid_to', 'is_current', 'is_vanished'] else column }}
{%- endmacro %}


{# "a.x = b.x and a.y = b.y" over the columns of a key. #}
{% macro equal_keys(left_name, right_name, key) -%}
    {%- for column in key -%}
        {{ left_name }}.{{ column }} = {{ right_name }}.{{ column }}{% if not loop.last %} and {% endif %}
    {%- endfor -%}
{%- endmacro %}


{# "a.x, a.y" over the columns of a key. #}
{% macro prefixed(name, columns) -%}
    {%- for column in columns -%}
        {{ name }}.{{ column }}{% if not loop.last %}, {% endif %}
    {%- endfor -%}
{%- endmacro %}

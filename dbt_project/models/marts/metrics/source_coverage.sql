{#-
    Made from the declared sources and metrics, so a new table or metric appears by itself. It reads
    the change logs directly: an absent table is empty there, and a column counts as given if any
    version of any row had a value in it.

    depends_on: {{ ref('stg_landing__extracts') }}
-#}
{%- set needs = source_needs() -%}
{%- set tables = source_tables() -%}

with

-- Keys that were ever seen, less those whose last version is a deletion.
counted_tables as (
{% for table in tables %}
    select
        '{{ table.source }}' as source,
        '{{ table.name }}' as table_name,
        (
            select count(*)
            from (select distinct {{ table.key | join(', ') }} from {{ table.relation }}) as seen
        ) - (
            select count(*)
            from (
                select {{ prefixed('versions', table.key) }}
                from {{ table.relation }} as versions
                inner join (
                    select distinct {{ table.key | join(', ') }}
                    from {{ table.relation }}
                    where _op = 'delete'
                ) as once_deleted on {{ equal_keys('versions', 'once_deleted', table.key) }}
                group by {{ prefixed('versions', table.key) }}
                having
                    max(versions._extract_id)
                    = max(case when versions._op = 'delete' then versions._extract_id end)
            ) as deleted
        ) as row_count,
        {{ text_literal(names_needing(table.full_name, needs, 'metrics') | join(', ')) }} as feeds_metrics,
        {{ text_literal(names_needing(table.full_name, needs, 'levels') | join(', ')) }} as feeds_levels
    {% if not loop.last %}
    union all
    {% endif %}
{%- endfor %}
),

{% for table in tables if columns_needed(table.full_name, needs) -%}
{{ table.source }}_{{ table.name }}_values as (

    select
        {%- for column in columns_needed(table.full_name, needs) %}
        count({{ column }}) as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}

    from {{ table.relation }}
    where _op = 'upsert'

),

{% endfor -%}

needed_columns as (
{% for table in tables %}
    {%- for column in columns_needed(table.full_name, needs) %}
    select
        '{{ table.full_name }}.{{ column }}' as column_name,
        {{ column }} as given_values
    from {{ table.source }}_{{ table.name }}_values
    union all
    {% endfor %}
{%- endfor %}
    select
        cast(null as string) as column_name,
        cast(null as bigint) as given_values

),

declared_needs as (
{% for need in needs if not need.is_optional %}
    {%- set outer_loop_last = loop.last %}
    {%- for column in need.columns %}
    select
        '{{ need_as_sentence(need) }}' as need,
        '{{ column }}' as column_name,
        '{{ column.split('.')[0] }}' as source,
        '{{ column.split('.')[1] }}' as table_name
    {% if not (outer_loop_last and loop.last) %}
    union all
    {% endif %}
    {%- endfor %}
{%- endfor %}
),

unmet_needs as (

    select declared_needs.need

    from declared_needs
    left join needed_columns on declared_needs.column_name = needed_columns.column_name
    group by declared_needs.need
    having coalesce(sum(needed_columns.given_values), 0) = 0

),

unmet_needs_by_table as (

    select distinct
        declared_needs.source,
        declared_needs.table_name,
        declared_needs.need

    from declared_needs
    inner join unmet_needs on declared_needs.need = unmet_needs.need

),

missing_by_table as (

    select
        source,
        table_name,
        {{ joined_text('need', '; ') }} as missing

    from unmet_needs_by_table
    group by
        source,
        table_name

),

systems as (

    select distinct
        source,
        table_name,
        source_system

    from {{ ref('stg_landing__extracts') }}

),

systems_by_table as (

    select
        source,
        table_name,
        {{ joined_text('source_system') }} as source_systems

    from systems
    group by
        source,
        table_name

),

newest_extracts as (

    select
        source,
        table_name,
        max(extracted_at) as newest_extract_at

    from {{ ref('stg_landing__extracts') }}
    group by
        source,
        table_name

)

select
    counted_tables.source,
    counted_tables.table_name,
    systems_by_table.source_systems,
    cast(counted_tables.row_count as bigint) as row_count,
    newest_extracts.newest_extract_at,
    nullif(counted_tables.feeds_metrics, '') as feeds_metrics,
    nullif(counted_tables.feeds_levels, '') as feeds_levels,
    missing_by_table.missing

from counted_tables
left join systems_by_table
    on
        counted_tables.source = systems_by_table.source
        and counted_tables.table_name = systems_by_table.table_name
left join newest_extracts
    on
        counted_tables.source = newest_extracts.source
        and counted_tables.table_name = newest_extracts.table_name
left join missing_by_table
    on
        counted_tables.source = missing_by_table.source
        and counted_tables.table_name = missing_by_table.table_name

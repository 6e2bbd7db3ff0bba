{#-
    Made from the declared sources and metrics, so a new table or metric appears by itself. It reads
    the change logs directly: an absent table is empty there, and a column counts as given if any
    version of any row had a value in it.
-#}
{%- set tables = source_tables() -%}
{%- set needs = source_needs() -%}

with

    counted_tables as ({{ living_rows_by_table(tables) }}),

    fed_by_table as ({{ needs_fed_by_table(tables, needs) }}),

    filled_columns as ({{ values_by_needed_column(tables, needs) }}),

    declared_needs as ({{ needs_as_rows(needs) }}),

    unmet_needs as (

        select declared_needs.need

        from declared_needs
        left join filled_columns on declared_needs.column_name = filled_columns.column_name
        group by declared_needs.need
        having coalesce(sum(filled_columns.given_values), 0) = 0

    ),

    unmet_needs_by_table as (

        select distinct declared_needs.source, declared_needs.table_name, declared_needs.need

        from declared_needs
        inner join unmet_needs on declared_needs.need = unmet_needs.need

    ),

    missing_by_table as (

        select source, table_name, {{ joined_text('need', '; ') }} as missing

        from unmet_needs_by_table
        group by source, table_name

    ),

    extracts_by_system as (

        select source, table_name, source_system, max(extracted_at) as newest_extract_at

        from {{ ref('stg_landing__extracts') }}
        group by source, table_name, source_system

    ),

    extracts_by_table as (

        select
            source,
            table_name,
            {{ joined_text('source_system') }} as source_systems,
            max(newest_extract_at) as newest_extract_at

        from extracts_by_system
        group by source, table_name

    )

select
    counted_tables.source,
    counted_tables.table_name,
    extracts_by_table.source_systems,
    cast(counted_tables.row_count as bigint) as row_count,
    extracts_by_table.newest_extract_at,
    fed_by_table.feeds_metrics,
    fed_by_table.feeds_levels,
    missing_by_table.missing

from counted_tables
left join
    fed_by_table
    on counted_tables.source = fed_by_table.source
    and counted_tables.table_name = fed_by_table.table_name
left join
    extracts_by_table
    on counted_tables.source = extracts_by_table.source
    and counted_tables.table_name = extracts_by_table.table_name
left join
    missing_by_table
    on counted_tables.source = missing_by_table.source
    and counted_tables.table_name = missing_by_table.table_name

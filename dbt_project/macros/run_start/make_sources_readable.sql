{#
    Runs before every build: each source table that does not exist yet is made, empty and typed.

    Every entity is optional. With this, a fresh clone builds (all models empty), and so does a
    company whose landing has never seen a table. Landing makes the same tables from the same
    contracts, so nothing is made here once it has run, and a change log attached read-only is
    never written to.

    On Spark the sources are the Parquet export of the change log, registered anew each time because
    the export is replaced as a whole: <SALESOPS_HOME>/export/raw/<source>/<table>/*.parquet, or
    below SALESOPS_RAW_PARQUET where that is set.
#}
{% macro make_sources_readable() %}
    {% if execute and flags.WHICH in ('build', 'run', 'test', 'run-operation') %}
        {{ adapter.dispatch('make_sources_readable', 'salesops')() }}
    {% endif %}
{% endmacro %}


{% macro duckdb__make_sources_readable() %}
    {% set existing = run_query(
        "select database_name || '.' || schema_name || '.' || table_name from duckdb_tables()"
    ).columns[0].values() | map('lower') | list %}
    {% for node in graph.sources.values()
        if (node.database ~ '.' ~ node.schema ~ '.' ~ node.identifier) | lower not in existing %}
        {% do run_query('create schema if not exists ' ~ node.database ~ '.' ~ node.schema) %}
        {% do run_query(
            'create table ' ~ node.database ~ '.' ~ node.schema ~ '.' ~ node.identifier
            ~ ' (' ~ declared_columns(node) ~ ')'
        ) %}
    {% endfor %}
{% endmacro %}


{% macro spark__make_sources_readable() %}
    {% set export = env_var('SALESOPS_RAW_PARQUET', env_var('SALESOPS_HOME', 'data') ~ '/export/raw') %}
    {% if not export.startswith('/') %}
        {# Spark would take a relative location as one below the schema's own folder. #}
        {% set export = env_var('PWD') ~ '/' ~ export %}
    {% endif %}
    {% for node in graph.sources.values() %}
        {% set relation = node.schema ~ '.' ~ node.identifier %}
        {% do run_query('create database if not exists ' ~ node.schema) %}
        {% do run_query('drop table if exists ' ~ relation) %}
        {% do run_query(
            'create table ' ~ relation ~ ' (' ~ declared_columns(node) ~ ') using parquet'
            ~ " location 'file://" ~ export ~ '/' ~ node.source_name ~ '/' ~ node.name ~ "'"
        ) %}
    {% endfor %}
{% endmacro %}


{#
    The columns of a source table as its generated YAML declares them: "name type, name type".
    Spark wants a length with every varchar; its string has none.
#}
{% macro declared_columns(node) -%}
    {%- for column in node.columns.values() -%}
        {{ column.name }} {{ 'string' if column.data_type == 'varchar' else column.data_type }}
        {%- if not loop.last %}, {% endif -%}
    {%- endfor -%}
{%- endmacro %}

{#
    Tables that are published stand in the file in which they are published, attached under the
    schema's name: a version is built in place and not copied. Views read other files, so they stay
    in the warehouse, and so does all else.

    Spark knows no databases beside schemas.
#}
{% macro generate_database_name(custom_database_name=none, node=none) -%}
    {%- set schema = node.config.schema if node else none -%}
    {%- if target.type == 'duckdb' and schema in ('marts', 'restricted')
        and node.resource_type == 'model' and node.config.materialized == 'table' -%}
        {{ schema }}
    {%- else -%}
        {{ target.database if custom_database_name is none else custom_database_name | trim }}
    {%- endif -%}
{%- endmacro %}

{#
    A model stands in exactly the schema that its folder or its .yml names (staging, intermediate, core,
    marts, restricted).

    dbt's own macro would put the target's schema in front (main_core), and dashboards would have to
    know which target built their tables.
#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ target.schema if custom_schema_name is none else custom_schema_name | trim }}
{%- endmacro %}

{#
    Staging of a source table, whose columns come from its contract (by way of the generated sources
    YAML): a column that a contract gets is staged without anybody naming it again.
#}


{# The history of a source table, see version_history. #}
{% macro history_of(source_name, table_name) %}
    {%- set columns = contract_columns(source_name, table_name) -%}
    {{- version_history(source(source_name, table_name), key=columns.key, columns=columns.others) -}}
{% endmacro %}


{#
    The newest version of each row that a source table still has.

    Arguments:
        source_name, table_name: the table.
        history: the relation of its history, where there is a model of it. A table that nobody asks
            about the past needs none.
#}
{% macro newest_rows_of(source_name, table_name, history=none) %}
    {%- set columns = contract_columns(source_name, table_name) -%}
    {%- if not history %}
with

history as (

{{ history_of(source_name, table_name) }}

)
    {%- endif %}

select
    {% for column in columns.key + columns.others -%}
    {%- set kept_as = name_in_history(column) | trim -%}
    {{ column if kept_as == column else kept_as ~ ' as ' ~ column }},
    {% endfor -%}
    source_system,
    extract_id,
    extracted_at

from {{ history or 'history' }}
where is_current and not is_vanished
{% endmacro %}


{# The names of a source table's columns that its contract declares: `key`, and all `others`. #}
{% macro contract_columns(source_name, table_name) %}
    {% if not execute %}
        {# While dbt reads the project it does not know the sources yet. #}
        {{ return({'key': ['key'], 'others': ['others']}) }}
    {% endif %}
    {% set columns = {'key': [], 'others': []} %}
    {% set table = graph.sources['source.' ~ project_name ~ '.' ~ source_name ~ '.' ~ table_name] %}
    {#- Columns of the change log begin with an underscore. -#}
    {% for column in table.columns.values() if not column.name.startswith('_') %}
        {% do columns['key' if column.config.meta.primary_key else 'others'].append(column.name) %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}

{#
    A table on DuckDB, made in place of the old one within one transaction: readers see the old rows
    or the new ones, and what was killed half way has changed nothing.

    The adapter's own way builds beside the old table, renames both and drops the old one, each step
    with a context of its own, and asks for the table's columns before it describes them, which with
    a hundred small tables is much of a refresh (docs/decisions/0016). A description of a column that the table does
    not have is an error here.
#}
{% materialization table, adapter='duckdb' %}

    {%- set existing = load_cached_relation(this) -%}
    {%- set target_table = this.incorporate(type='table') -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {% call statement('main') -%}
        {% if existing is not none %} drop {{ existing.type }} if exists {{ existing }}; {% endif %}
        {{ create_table_as(False, target_table, compiled_code) }}
    {%- endcall %}

    {% call statement('descriptions') -%}
        {{ descriptions_of(target_table, model) }}
    {%- endcall %}

    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}

    {{ return({'relations': [target_table]}) }}

{% endmaterialization %}


{# The statements that store what the YAML says of a table and of its columns. #}
{% macro descriptions_of(table, model) %}
    comment on table {{ table }} is '{{ model.description | replace("'", "''") }}';
    {% for column in model.columns.values() if column.description %}
        comment on column {{ table }}.{{ adapter.quote(column.name) }}
            is '{{ column.description | replace("'", "''") }}';
    {% endfor %}
{% endmacro %}

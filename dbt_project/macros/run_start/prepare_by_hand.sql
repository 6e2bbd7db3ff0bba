{#
    Runs before a build that a person started, with plain dbt, in a home that refreshes fill; a
    refresh names the folder of its files, which a person does not.

    What a person builds is not what the last refresh has noted of these models, so the notes go and
    the next refresh builds them again. And what a refresh builds into the files that it publishes
    is shown in the person's own files, as views, so that a single model can be built without all
    that it reads.
#}
{% macro prepare_by_hand() %}
    {% if execute and flags.WHICH in ('build', 'run', 'test') and target.type == 'duckdb'
        and not env_var('SALESOPS_BUILDING', '') %}
        {{ forget_builds() }}
        {% for schema in ('marts', 'restricted') %}
            {{ show_published(schema) }}
        {% endfor %}
    {% endif %}
{% endmacro %}


{% macro forget_builds() %}
    {% set is_noted = run_query(
        "select count(*) from duckdb_tables() where database_name = '" ~ target.database
        ~ "' and schema_name = 'meta' and table_name = 'model_builds'"
    ).columns[0][0] %}
    {% if is_noted and flags.WHICH != 'test' %}
        {% do run_query(
            "delete from meta.model_builds where model in ('" ~ selected_resources | join("', '") ~ "')"
        ) %}
    {% endif %}
{% endmacro %}


{% macro show_published(schema) %}
    {% set file = env_var('SALESOPS_HOME', 'data') ~ '/published/current/' ~ schema ~ '.duckdb' %}
    {% set published = 'published_' ~ schema %}
    {% if run_query("select count(*) from glob('" ~ file | replace("'", "''") ~ "')").columns[0][0] %}
        {% do run_query(
            "attach if not exists '" ~ file | replace("'", "''") ~ "' as " ~ published ~ " (read_only)"
        ) %}
        {% do run_query("create schema if not exists " ~ schema ~ "." ~ schema) %}
        {# A table that is about to be built must not find a view in its place. #}
        {% set due = [] %}
        {% for unique_id in selected_resources %}
            {% do due.append(unique_id.split('.')[2]) %}
        {% endfor %}
        {% set missing = run_query(
            "select table_name from duckdb_tables() where database_name = '" ~ published ~ "' and "
            ~ "schema_name = '" ~ schema ~ "' and table_name not in (select table_name from "
            ~ "information_schema.tables where table_catalog = '" ~ schema ~ "')"
        ).columns[0].values() %}
        {% for name in missing if name not in due %}
            {% do run_query(
                "create view " ~ schema ~ "." ~ schema ~ '."' ~ name ~ '" as from '
                ~ published ~ "." ~ schema ~ '."' ~ name ~ '"'
            ) %}
        {% endfor %}
    {% endif %}
{% endmacro %}

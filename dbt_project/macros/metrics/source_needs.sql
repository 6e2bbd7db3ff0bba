{#
    What metrics and levels need of the sources, from the metrics' meta and the levels.

    A need is one source column, such as "crm.opportunities.closed_date", or several with " | "
    between them, of which one with values is enough. Under `uses` a metric names columns that count
    where they are there and are not missed where they are not.

    Gives a list, one entry per different need: columns, metrics, levels, and whether it is optional.
#}
{% macro source_needs() %}
    {% set needs = {} %}
    {% for metric in declared_metrics() %}
        {% for text in metric.meta.needs %}
            {% do needs.setdefault(text, new_need(text)).metrics.append(metric.name) %}
        {% endfor %}
        {% for text in metric.meta.uses or [] %}
            {% do needs.setdefault(text, new_need(text, is_optional=true)).metrics.append(metric.name) %}
        {% endfor %}
    {% endfor %}
    {% if execute %}
        {% for level, declared in pipeline_levels().items() %}
            {% for text in declared.needs %}
                {% do needs.setdefault(text, new_need(text)).levels.append(level) %}
            {% endfor %}
        {% endfor %}
    {% endif %}
    {{ return(needs.values() | list) }}
{% endmacro %}

{% macro new_need(text, is_optional=false) %}
    {{ return({
        'columns': text.split(' | '), 'metrics': [], 'levels': [], 'is_optional': is_optional,
    }) }}
{% endmacro %}


{# "open_value, weighted_value and level team need crm.a.x or crm.b.y" #}
{% macro need_as_sentence(need) -%}
    {%- set wanting = need.metrics | sort | list -%}
    {%- for level in need.levels %}{% do wanting.append('level ' ~ level) %}{% endfor -%}
    {{ wanting | join(', ') }} {{ 'needs' if wanting | length == 1 else 'need' }} {{ need.columns | join(' or ') }}
{%- endmacro %}


{# The names under a key of all needs that mention a table, each once: the metrics it feeds. #}
{% macro names_needing(table, needs, key) %}
    {% set names = [] %}
    {% for need in needs %}
        {% for column in need.columns if column.rsplit('.', 1)[0] == table %}
            {% do names.extend(need[key]) %}
        {% endfor %}
    {% endfor %}
    {{ return(names | unique | sort | list) }}
{% endmacro %}


{# The columns of a table that some need mentions. #}
{% macro columns_needed(table, needs) %}
    {% set columns = [] %}
    {% for need in needs %}
        {% for column in need.columns if column.rsplit('.', 1)[0] == table %}
            {% do columns.append(column.rsplit('.', 1)[1]) %}
        {% endfor %}
    {% endfor %}
    {{ return(columns | unique | sort | list) }}
{% endmacro %}


{# The tables of the source systems' change logs; not those that the warehouse keeps about itself. #}
{% macro source_tables() %}
    {% if not execute %}
        {{ return([]) }}
    {% endif %}
    {% set tables = [] %}
    {% for node in graph.sources.values() if '_op' in node.columns %}
        {% set key = [] %}
        {% for column in node.columns.values() if column.config.meta.primary_key %}
            {% do key.append(column.name) %}
        {% endfor %}
        {% do tables.append({
            'full_name': node.source_name ~ '.' ~ node.name,
            'source': node.source_name,
            'name': node.name,
            'relation': node.relation_name,
            'key': key,
        }) %}
    {% endfor %}
    {{ return(tables | sort(attribute='full_name')) }}
{% endmacro %}

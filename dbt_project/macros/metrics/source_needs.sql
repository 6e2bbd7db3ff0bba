{#
    What metrics and levels need of the sources, from their declarations; and the
    parts of source_coverage that are made from it.

    A need is one source column, such as "crm.opportunities.closed_date", or several with " | "
    between them, of which one with values is enough. Under `uses` a metric names columns that count
    where they are there and are not missed where they are not.
#}


{# A list with one entry per different need: columns, metrics, levels, whether it is optional, and
    the need as a sentence. #}
{% macro source_needs() %}
    {% if not execute %}
        {{ return([]) }}
    {% endif %}
    {% set needs = {} %}
    {% set metrics = declared_metrics() %}
    {% for metric in metrics %}
        {% for text in metric.needs %}
            {% do needs.setdefault(text, new_need(text)).metrics.append(metric.name) %}
        {% endfor %}
        {% for text in metric.uses %}
            {% do needs.setdefault(text, new_need(text, is_optional=true)).metrics.append(metric.name) %}
        {% endfor %}
    {% endfor %}
    {% for level, declared in pipeline_levels().items() %}
        {% for text in declared.needs %}
            {% do needs.setdefault(text, new_need(text)).levels.append(level) %}
        {% endfor %}
    {% endfor %}
    {#- What other levels need as deals' do, is said once. -#}
    {% set others = {
        'selling time': rep_levels(),
        'leads': lead_funnel_levels(),
        'campaigns': campaign_levels(),
    } %}
    {% for subject, levels in others.items() %}
        {% for level, declared in levels.items() %}
            {% for text in declared.needs if level not in needs.get(text, {'levels': []}).levels %}
                {% do needs.setdefault(text, new_need(text)).levels.append(level ~ ' of ' ~ subject) %}
            {% endfor %}
        {% endfor %}
    {% endfor %}
    {% for need in needs.values() %}
        {% do need.update({'sentence': need_as_sentence(need, metrics) | trim}) %}
    {% endfor %}
    {{ return(needs.values() | list) }}
{% endmacro %}

{% macro new_need(text, is_optional=false) %}
    {{ return({
        'columns': text.split(' | '), 'metrics': [], 'levels': [], 'is_optional': is_optional,
    }) }}
{% endmacro %}


{#
    "open_value, level team need crm.a.x or crm.b.y". A mart of which every metric needs it is named
    instead of its metrics: "all of mart_pushes".
#}
{% macro need_as_sentence(need, declared) -%}
    {%- set wanting = [] -%}
    {%- for mart, metrics in declared | groupby('mart') -%}
        {%- set names = metrics | map(attribute='name') | select('in', need.metrics) | list -%}
        {%- if names | length == metrics | length and names | length > 1 -%}
            {%- do wanting.append('all of ' ~ mart) -%}
        {%- else -%}
            {%- do wanting.extend(names) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set wanting = wanting | sort | list -%}
    {%- for level in need.levels %}{% do wanting.append('level ' ~ level) %}{% endfor -%}
    {{ wanting | join(', ') }} {{ 'needs' if wanting | length == 1 else 'need' }} {{ need.columns | join(' or ') }}
{%- endmacro %}


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


{#
    How many rows each table has now: the keys ever seen, less those whose last version is a
    deletion. Gives: source, table_name, row_count.
#}
{% macro living_rows_by_table(tables) %}
    {%- for table in tables %}
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
                ) as once_deleted
                    on {{ equal_keys('versions', 'once_deleted', table.key) }}
                group by {{ prefixed('versions', table.key) }}
                having
                    max(versions._extract_id)
                    = max(case when versions._op = 'delete' then versions._extract_id end)
            ) as deleted
        ) as row_count
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{# The metrics and levels that need something of each table, as texts; NULL where none does. #}
{% macro needs_fed_by_table(tables, needs) %}
    select source, table_name, nullif(metrics, '') as feeds_metrics, nullif(levels, '') as feeds_levels

    from (
        values
        {%- for table in tables %}
        (
            '{{ table.source }}',
            '{{ table.name }}',
            '{{ names_needing(table, needs, 'metrics') | join(', ') }}',
            '{{ names_needing(table, needs, 'levels') | join(', ') }}'
        ){{ ',' if not loop.last }}
        {%- endfor %}
    ) as fed_tables (source, table_name, metrics, levels)
{%- endmacro %}

{% macro names_needing(table, needs, kind) %}
    {% set names = [] %}
    {% for need in needs %}
        {% for column in need.columns if column.rsplit('.', 1)[0] == table.full_name %}
            {% do names.extend(need[kind]) %}
        {% endfor %}
    {% endfor %}
    {{ return(names | unique | sort | list) }}
{% endmacro %}


{#
    How often each needed column has a value. Each table is read once, however many of its columns are
    needed. Gives: column_name, given_values.
#}
{% macro values_by_needed_column(tables, needs) %}
    {%- for table in tables %}
    {%- set columns = columns_needed(table, needs) %}
    {%- if columns %}
    select
        '{{ table.full_name }}.' || needed.column_name as column_name,
        case needed.column_name
            {%- for column in columns %} when '{{ column }}' then counted.{{ column }} {%- endfor %}
        end as given_values
    from (
        select {% for column in columns %}count({{ column }}) as {{ column }}{{ ', ' if not loop.last }}{% endfor %}
        from {{ table.relation }}
        where _op = 'upsert'
    ) as counted
    cross join (
        values {% for column in columns %}('{{ column }}'){{ ', ' if not loop.last }}{% endfor %}
    ) as needed (column_name)
    union all
    {%- endif %}
    {%- endfor %}
    {#- Closes the chain; a source without needed columns has nothing else. #}
    select
        'none' as column_name,
        cast(0 as bigint) as given_values
{%- endmacro %}

{% macro columns_needed(table, needs) %}
    {% set columns = [] %}
    {% for need in needs %}
        {% for column in need.columns if column.rsplit('.', 1)[0] == table.full_name %}
            {% do columns.append(column.rsplit('.', 1)[1]) %}
        {% endfor %}
    {% endfor %}
    {{ return(columns | unique | sort | list) }}
{% endmacro %}


{# The needs that can be missing, one row per column. Gives: need, column_name, source, table_name. #}
{% macro needs_as_rows(needs) %}
    select need, column_name, source, table_name

    from (
        values
        {%- for need in needs | rejectattr('is_optional') %}
        {%- set is_last_need = loop.last %}
        {%- for column in need.columns %}
        (
            '{{ need.sentence }}',
            '{{ column }}',
            '{{ column.split('.')[0] }}',
            '{{ column.split('.')[1] }}'
        ){{ ',' if not (is_last_need and loop.last) }}
        {%- endfor %}
        {%- endfor %}
    ) as declared (need, column_name, source, table_name)
{%- endmacro %}

{#
    The metrics that the ymls beside the marts declare, ordered by mart and name: the one place that
    metric_values, metric_catalogue, source_coverage, the marts' tests and the reference page read.

    Each entry has its name, label, description and meta; the mart, topic (the mart's folder) and
    column that it stands in; the columns that it is divided from and by; the bases and further keys of
    its mart; and what needs and uses mean in source columns.

    A metric without a formula is only a part of a ratio and left out. None at all is an error: a newer
    form of semantic YAML is ignored by dbt without a word, and the tall table would be empty.
#}
{% macro declared_metrics() %}
    {% if not execute %}
        {# While dbt reads the project it does not know the metrics yet. #}
        {{ return([]) }}
    {% endif %}
    {% set columns = metric_columns() %}
    {% set keys = further_keys() %}
    {% set measures = declared_measures() %}
    {% set declared = [] %}
    {% for metric in graph.metrics.values() if metric.config.meta.formula %}
        {% set mart = mart_of(metric) %}
        {% set is_ratio = metric.type == 'ratio' %}
        {#- What adds up is its own numerator; a median or percentile has none. -#}
        {% set adds_up = not is_ratio and measures[metric.type_params.measure.name].agg == 'sum' %}
        {% do declared.append({
            'name': metric.name,
            'label': metric.label,
            'description': metric.description,
            'meta': metric.config.meta,
            'mart': mart.name,
            'topic': mart.fqn[-2],
            'column': columns[metric.name],
            'numerator': columns[metric.type_params.numerator.name] if is_ratio
                else columns[metric.name] if adds_up,
            'denominator': columns[metric.type_params.denominator.name] if is_ratio,
            'further_keys': keys[mart.unique_id],
            'bases': mart.columns.basis.config.meta.bases,
            'needs': metric_inputs(metric, metric.config.meta.needs),
            'uses': metric_inputs(metric, metric.config.meta.uses or []),
        }) %}
    {% endfor %}
    {% if not declared %}
        {% do exceptions.raise_compiler_error(
            'dbt found no metric with a formula in its meta; see docs/how-to/adding-a-metric.md for the form '
            ~ 'that the .yml beside a mart must have'
        ) %}
    {% endif %}
    {{ return(declared | sort(attribute='name') | sort(attribute='mart')) }}
{% endmacro %}


{#
    The column of each metric, or the sum of columns that a part is: its measure's expression, or
    `column` in the meta of a ratio, else its name.
#}
{% macro metric_columns() %}
    {% set measures = declared_measures() %}
    {% set columns = {} %}
    {% for metric in graph.metrics.values() %}
        {% set measure = measures[metric.type_params.measure.name] if metric.type_params.measure %}
        {% do columns.update({
            metric.name: metric.config.meta.column or (measure.expr if measure) or metric.name
        }) %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}


{# The measures of the marts' semantic models by name, each with its mart. #}
{% macro declared_measures() %}
    {% set measures = {} %}
    {% for model in graph.semantic_models.values() %}
        {% for measure in model.measures %}
            {% do measures.update({measure.name: {
                'mart': model.node_relation.alias,
                'expr': measure.expr,
                'agg': measure.agg,
                'meta': measure.config.meta if measure.config else {},
            }}) %}
        {% endfor %}
    {% endfor %}
    {{ return(measures) }}
{% endmacro %}


{# The node of the mart beside whose SQL a metric is declared. #}
{% macro mart_of(metric) %}
    {% set name = (metric.original_file_path | replace('\\', '/')).split('/')[-1].split('.')[0] %}
    {% set mart = graph.nodes['model.' ~ project_name ~ '.' ~ name] %}
    {% if not mart %}
        {% do exceptions.raise_compiler_error(
            'metric ' ~ metric.name ~ ' is declared in ' ~ metric.original_file_path
            ~ '; declare it in the .yml beside the mart that it stands in, under the name of the mart'
        ) %}
    {% endif %}
    {{ return(mart) }}
{% endmacro %}


{#
    What metrics need, as source columns: an entry is the name of one of the `metric_inputs` in
    dbt_project.yml, or itself a column such as hr.positions.fte.
#}
{% macro metric_inputs(metric, names) %}
    {% set inputs = [] %}
    {% for name in names %}
        {% if '.' not in name and name not in var('metric_inputs') %}
            {% do exceptions.raise_compiler_error(
                'metric ' ~ metric.name ~ ' needs "' ~ name ~ '", which is none of the metric_inputs in '
                ~ 'dbt_project.yml: ' ~ (var('metric_inputs') | join(', '))
            ) %}
        {% endif %}
        {% do inputs.append(var('metric_inputs').get(name, name)) %}
    {% endfor %}
    {{ return(inputs) }}
{% endmacro %}


{#
    The columns that make up the grain of each table, as its test of uniqueness declares them, without
    those that all marts have.
#}
{% macro further_keys() %}
    {% set shared = ['basis', 'period_grain', 'period_start', 'as_of_date', 'level', 'member_id'] %}
    {% set keys = {} %}
    {% for node in graph.nodes.values()
        if node.test_metadata and node.test_metadata.name == 'unique_combination' %}
        {% set columns = node.test_metadata.kwargs.columns | reject('in', shared) | list %}
        {% do keys.update({node.attached_node: columns}) %}
    {% endfor %}
    {{ return(keys) }}
{% endmacro %}


{# A text as a literal: single quotes doubled, and no line breaks. #}
{% macro text_literal(text) -%}
    '{{ text | replace("'", "''") | replace("\n", " ") | trim }}'
{%- endmacro %}

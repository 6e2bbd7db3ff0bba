{#
    The metrics that the semantic YAML declares, ordered by mart and name.

    Those without a mart in their meta are parts of ratios and left out. None at all is an error: a
    newer form of semantic YAML is ignored by dbt without a word, and the tall table would be empty.
#}
{% macro declared_metrics() %}
    {% if not execute %}
        {# While dbt reads the project it does not know the metrics yet. #}
        {{ return([]) }}
    {% endif %}
    {% set declared = [] %}
    {% for metric in graph.metrics.values() if metric.config.meta.mart %}
        {% do declared.append({
            'name': metric.name,
            'label': metric.label,
            'description': metric.description,
            'numerator': metric_parts(metric)[0],
            'denominator': metric_parts(metric)[1],
            'meta': metric.config.meta,
            'mart': metric.config.meta.mart,
        }) %}
    {% endfor %}
    {% if not declared %}
        {% do exceptions.raise_compiler_error(
            'dbt found no metric with a mart in its meta; see docs/adding-a-metric.md for the form '
            ~ 'that the .yml beside a mart must have'
        ) %}
    {% endif %}
    {{ return(declared | sort(attribute='name') | sort(attribute='mart')) }}
{% endmacro %}


{#
    The columns that a metric is divided from and by: the two parts of a ratio; for what adds up,
    the metric itself and nothing; for a median or percentile neither.
#}
{% macro metric_parts(metric) %}
    {% if metric.type == 'ratio' %}
        {{ return([metric.type_params.numerator.name, metric.type_params.denominator.name]) }}
    {% endif %}
    {% set measures = {} %}
    {% for model in graph.semantic_models.values() %}
        {% for measure in model.measures %}
            {% do measures.update({measure.name: measure.agg}) %}
        {% endfor %}
    {% endfor %}
    {{ return([metric.name if measures[metric.type_params.measure.name] == 'sum' else none, none]) }}
{% endmacro %}


{# A text as a literal: single quotes doubled, and no line breaks. #}
{% macro text_literal(text) -%}
    '{{ text | replace("'", "''") | replace("\n", " ") | trim }}'
{%- endmacro %}

with

declared_metrics as (
{% for metric in declared_metrics() %}
    select
        '{{ metric.name }}' as name,
        {{ text_literal(metric.label) }} as label,
        {{ text_literal(metric.description) }} as description,
        {{ text_literal(metric.meta.formula) }} as formula,
        '{{ metric.meta.unit }}' as unit,
        '{{ metric.meta.direction }}' as direction,
        'restated' as basis,
        {{ text_literal(metric.meta.null_rule) }} as null_rule,
        '{{ metric.mart }}' as mart,
        {{ text_literal(metric.meta.source) }} as source,
        {{ text_literal(metric.meta.needs | join('; ')) }} as needs
    {% if not loop.last %}
    union all
    {% endif %}
{%- endfor %}
)

select * from declared_metrics

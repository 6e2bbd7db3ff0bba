{#-
    The marts that the metrics stand in. dbt has to see each of them here before it knows the
    metrics; a metric of another mart stops the build and says so.
-#}
{%- set marts = {
    'mart_conversion': ref('mart_conversion'),
    'mart_sales_cycle': ref('mart_sales_cycle'),
    'mart_deal_outcome': ref('mart_deal_outcome'),
    'mart_pipeline_value': ref('mart_pipeline_value'),
} -%}
{%- set daily_marts = ['mart_pipeline_value'] -%}

with

known_periods as (

    {{ known_periods() }}

),

{% for mart in daily_marts -%}
{{ mart }}_at_period_ends as (

    select
        known_periods.period_grain,
        known_periods.period_start,
        states.*

    from known_periods
    inner join {{ marts[mart] }} as states on known_periods.last_known_date = states.as_of_date

),

{% endfor -%}

all_metrics as (
{% for metric in declared_metrics() %}
    {%- if metric.mart not in marts %}
        {% do exceptions.raise_compiler_error(
            'metric ' ~ metric.name ~ ' stands in ' ~ metric.mart ~ '; add that mart to metric_values.sql'
        ) %}
    {%- endif %}
    select
        '{{ metric.name }}' as metric,
        '{{ metric.meta.unit }}' as unit,
        basis,
        period_grain,
        period_start,
        level,
        member_id,
        cast({{ metric.numerator or 'null' }} as double) as numerator,
        cast({{ metric.denominator or 'null' }} as double) as denominator,
        cast({{ metric.name }} as double) as value

    from {{ metric.mart ~ '_at_period_ends' if metric.mart in daily_marts else marts[metric.mart] }}
    {% if not loop.last %}
    union all
    {% endif %}
{%- endfor %}
)

select * from all_metrics

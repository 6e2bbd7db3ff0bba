{#- A view: in tall form the marts have ten times their rows, which nobody has to write down to ask for a metric. -#}
{{ config(materialized=shared_view()) }}
with

    -- A mart by day stands for a period with the state on its last known day.
    pipeline_at_period_ends as (

        select pipeline.*, periods.period_grain, periods.period_start, periods.period_label

        from {{ ref('metric_periods') }} as periods
        inner join
            {{ ref('mart_pipeline_value') }} as pipeline
            on periods.last_known_date = pipeline.as_of_date
        where periods.period_grain <> 'week'

    ),

    -- dbt has to see each mart here before it knows the metrics.
    all_metrics as (

        {{ tall_metrics({
        'mart_conversion': ref('mart_conversion'),
        'mart_sales_cycle': ref('mart_sales_cycle'),
        'mart_deal_outcome': ref('mart_deal_outcome'),
        'mart_win_loss': ref('mart_win_loss'),
        'mart_pushes': ref('mart_pushes'),
        'mart_stage_conversion': ref('mart_stage_conversion'),
        'mart_pipeline_value': 'pipeline_at_period_ends',
        'mart_pipeline_efficiency': ref('mart_pipeline_efficiency'),
        'mart_pipeline_movement': ref('mart_pipeline_movement'),
        'mart_pipeline_created': ref('mart_pipeline_created'),
        'mart_quota_attainment': ref('mart_quota_attainment'),
        'mart_forecast_precision': ref('mart_forecast_precision'),
        'mart_lead_response': ref('mart_lead_response'),
        'mart_lead_response_bands': ref('mart_lead_response_bands'),
        'mart_lead_funnel': ref('mart_lead_funnel'),
        'mart_campaign': ref('mart_campaign'),
        'mart_selling_time': ref('mart_selling_time'),
        'mart_activity': ref('mart_activity'),
        'mart_hiring': ref('mart_hiring'),
        'mart_training': ref('mart_training'),
        'mart_headcount': ref('mart_headcount'),
        'mart_ramp': ref('mart_ramp'),
        'mart_compensation': ref('mart_compensation'),
    }) }}

    )

select *
from all_metrics

{{ config(materialized='view') }}

{#- Nothing is told of stages by week. -#}
{%- set versions = '(select * from ' ~ ref('int_pipeline_versions_at_freeze') ~ " where frozen_grain <> 'week')" %}
{{ stage_visits(versions, keys=['sign', 'frozen_grain', 'frozen_start']) }}

{{ config(materialized='view') }}

{{ stage_visits(ref('int_pipeline_versions_at_freeze'), keys=['sign', 'frozen_grain', 'frozen_start']) }}

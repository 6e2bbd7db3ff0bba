{{ config(materialized=shared_view()) }}

{{ open_spans(ref('int_pipeline_versions_at_freeze'), keys=['sign', 'frozen_grain', 'frozen_start']) }}

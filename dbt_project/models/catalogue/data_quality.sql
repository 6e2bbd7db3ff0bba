{#- A view, so that a published copy also holds what the last gate of its own refresh found. -#}
{{ config(materialized='view') }}

select
    run_id,
    checked_at,
    gate,
    layer,
    table_name,
    check_name,
    severity,
    result,
    rows_checked,
    rows_failed,
    message

from {{ ref('stg_landing__gate_results') }}

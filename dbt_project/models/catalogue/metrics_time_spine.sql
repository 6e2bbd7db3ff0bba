{#- dbt's semantic layer wants to be told which table has every day. -#}
{{ config(materialized='view', schema='intermediate') }} select date_day from {{ ref('dim_date') }}

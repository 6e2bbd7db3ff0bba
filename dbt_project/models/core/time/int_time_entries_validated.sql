{#- A view: writing every entry down takes longer than validating it again for each reader. -#}
{{ config(materialized='view') }}
with {{ time_entries_validated(ref('stg_hr__time_entries')) }}

select *
from validated_entries

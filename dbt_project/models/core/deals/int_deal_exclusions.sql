{{ config(materialized='view') }}

select opportunity_id, valid_from_date as excluded_from_date, valid_to_date as excluded_to_date

from {{ ref('fct_opportunity_version') }}
where is_excluded and valid_from_date < valid_to_date

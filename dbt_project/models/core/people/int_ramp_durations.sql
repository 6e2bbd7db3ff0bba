{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
with

    ramps as (select *, 'restated' as basis from {{ ref('fct_ramp') }} where is_measured),

    durations as (

        {{ rolled_up(
        'ramps',
        date_column='started_on',
        keys=['observed_days', 'is_ramped'],
        measures={'reps': 'count(*)'},
        levels=people_levels()
    ) }}

    )

select *
from durations

{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set longest = 9223372036854775807 %}
with

    timed_leads as (select * from {{ ref('fct_lead_creation') }} where is_timed),

    -- Where nobody is censored before the half have been answered, those who wait have simply
    -- waited longer than all others.
    groups as (

        {{ rolled_up_by(
            'timed_leads', ['period_grain', 'period_start'], levels=lead_levels(),
            managers_on='created_date', measures={
                'middle_seconds': lower_median(
                    'coalesce(facts.first_response_seconds, ' ~ longest ~ ')'
                ),
                'longest_response_seconds': 'max(facts.first_response_seconds)',
                'shortest_wait_seconds':
                    'min(case when not facts.is_responded then facts.observed_seconds end)',
            }
        ) }}

    )

select
    basis,
    period_grain,
    period_start,
    level,
    member_id,
    case when middle_seconds < {{ longest }} then middle_seconds end as middle_seconds,
    coalesce(
        shortest_wait_seconds < least(middle_seconds, longest_response_seconds), false
    ) as is_censored_early

from groups

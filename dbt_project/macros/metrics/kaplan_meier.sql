{#
    The Kaplan-Meier median (1958) of how long something takes, as a query: the shortest duration at which the
    estimated share of those that have not come to it is a half or less. Those that had not when last seen
    count for as long as they were seen; NULL where fewer than half were seen to come to it.

    Arguments:
        relation: one row per key, duration and whether it ended with the event, and how many did.
        keys: the columns that tell the groups apart.
        duration, has_event, subjects: its columns.
        median: name of the median.
#}
{% macro kaplan_meier_median(relation, keys, duration, has_event, subjects, median) %}
with

by_duration as (

    select
        {{ keys | join(', ') }},
        {{ duration }},
        sum({{ subjects }}) as subjects,
        sum(case when {{ has_event }} then {{ subjects }} else 0 end) as subjects_with_event

    from {{ relation }}
    group by {{ keys | join(', ') }}, {{ duration }}

),

-- What was last seen after so long was still at risk then.
at_risk as (

    select
        *,
        sum(subjects) over (
            partition by {{ keys | join(', ') }}
            order by {{ duration }} desc
            rows between unbounded preceding and current row
        ) as subjects_at_risk

    from by_duration

),

-- What is left of those at risk is a factor. Its logarithm is a decimal, because a sum of doubles
-- depends on the order of its rows; it is empty where nobody is left.
factors as (

    select
        *,
        {{ ratio('subjects_at_risk - subjects_with_event', 'subjects_at_risk') }} as factor

    from at_risk

),

logarithms as (

    select
        *,
        cast(ln(nullif(factor, 0)) as decimal(28, 18)) as log_factor

    from factors

),

-- The survival is the product of the factors so far. No row comes after one where nobody is left.
survivals as (

    select
        *,
        case
            when factor = 0 then 0
            else exp(cast(sum(log_factor) over so_far as double))
        end as survival

    from logarithms
    window so_far as (
        partition by {{ keys | join(', ') }}
        order by {{ duration }}
        rows between unbounded preceding and current row
    )

)

-- A product of fractions that is a half may miss it in the last digit.
select
    {{ keys | join(', ') }},
    cast(min(case when survival <= 0.5 + 1e-9 then {{ duration }} end) as double) as {{ median }}

from survivals
group by {{ keys | join(', ') }}
{% endmacro %}

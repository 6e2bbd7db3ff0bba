{# The parts of pay that open marts show, as the columns of fct_seller_pay are named. #}
{% macro pay_measures() %}
    {{ return(['fixed_value', 'variable_value', 'employer_cost_value']) }}
{% endmacro %}


{# The share of a sum at which one person is the sum. #}
{% macro dominance_share() -%}
    0.8
{%- endmacro %}


{#
    Whether one person makes up (nearly) all of a sum. Measured against the sum itself, which is at most
    the sum of the absolute values: amounts below zero never hide somebody.

    Arguments:
        values: the expression with one value per person, over which is aggregated.
#}
{% macro is_dominated(values) -%}
    coalesce(
        max(abs({{ values }})) > 0
        and max(abs({{ values }})) >= {{ dominance_share() }} * abs(sum({{ values }})),
        false
    )
{%- endmacro %}


{#
    Groups of people whose summed pay tells nothing of one of them: enough people, and none of them
    makes up any part of the sum or the whole.

    Arguments:
        relation: one or more rows per person, with the measures of pay.
        keys: columns that name a group.

    Gives: the keys, people, is_large_enough, is_dominated, is_safe.
#}
{% macro suppression_checked_groups(relation, keys) %}
    select
        {{ keys | join(', ') }},
        people,
        is_large_enough,
        is_dominated,
        is_large_enough and not is_dominated as is_safe

    from (
        select
            {{ prefixed('by_person', keys) }},
            cast(count(*) as bigint) as people,
            count(*) >= max(settings.minimum_group_size) as is_large_enough,
            {% for measure in pay_measures() + ['cost_value'] -%}
            {{ is_dominated('by_person.' ~ measure) }}{{ '\n            or ' if not loop.last }}
            {%- endfor %} as is_dominated

        from (
            select
                {{ keys | join(', ') }},
                person_id,
                {%- for measure in pay_measures() %}
                sum({{ measure }}) as {{ measure }},
                {%- endfor %}
                sum({{ pay_measures() | join(' + ') }}) as cost_value

            from {{ relation }}
            group by {{ keys | join(', ') }}, person_id
        ) as by_person
        cross join {{ ref('stg_company__settings') }} as settings
        group by {{ prefixed('by_person', keys) }}
    ) as checked
{%- endmacro %}

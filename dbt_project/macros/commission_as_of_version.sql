{#
    What the credits of a plan would have earned under one of its versions: one row per won credit, with
    the columns of int_commission_replayed. For analysts: in a model, or with `dbt show --inline`.

    Arguments:
        plan_id: the plan.
        plan_version: the version, whether or not it was in force.
#}
{% macro commission_as_of_version(plan_id, plan_version) %}
    select *

    from {{ ref('int_commission_replayed') }}
    where
        plan_id = '{{ plan_id }}'
        and plan_version = {{ plan_version }}
{%- endmacro %}

{#
    What commission is compared by: a person and a deal, or for what belongs to no deal, a person and a
    plan period. Expects person_id and opportunity_id in the relation, and plan_period_start where rows
    can be without a deal.
#}
{% macro reconciled_unit(relation) -%}
    {{ relation }}.person_id || coalesce(
        '#deal#' || {{ relation }}.opportunity_id,
        '#period#' || coalesce(cast({{ relation }}.plan_period_start as string), 'unknown')
    )
{%- endmacro %}

{{ config(materialized='view') }}
{#- Who cleans up merges now and then what was merged before; a longer chain is followed this far. -#}
{%- set steps = 8 -%}
with

    merges as (

        {%- for kind in ['lead', 'contact'] %}
            {%- if not loop.first %}

                union all
            {% endif %}

            select '{{ kind }}' as record_kind, {{ kind }}_id as record_id, merged_into_id

            from {{ ref('stg_crm__' ~ kind ~ 's') }}
            where merged_into_id is not null
        {%- endfor %}

    )

select
    merges.record_kind,
    merges.record_id,
    -- Who follows a ring never arrives: each record of one stands for itself.
    case
        when
            {%- for step in range(1, steps + 1) %}
                coalesce(next_{{ step }}.record_id = merges.record_id, false)
                {{ 'or' if not loop.last }}
            {%- endfor %}
        then merges.record_id
        else
            coalesce(
                {%- for step in range(steps, 0, -1) %}next_{{ step }}.merged_into_id, {%- endfor %}
                merges.merged_into_id
            )
    end as kept_id

from merges
{%- for step in range(1, steps + 1) %}
        {%- set before = 'merges' if step == 1 else 'next_' ~ (step - 1) %}
    left join
        merges as next_{{ step }}
        on {{ before }}.record_kind = next_{{ step }}.record_kind
        and {{ before }}.merged_into_id = next_{{ step }}.record_id
{%- endfor %}

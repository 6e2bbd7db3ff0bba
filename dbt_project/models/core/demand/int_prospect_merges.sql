{{ config(materialized='view') }}
{#- Who cleans up merges now and then what was merged before; a longer chain is followed this far. -#}
{%- set steps = 8 -%}
with

    merged_records as (

        select
            'lead' as record_kind,
            leads.lead_id as record_id,
            coalesce(leads.merged_into_id, matches.kept_lead_id) as merged_into_id

        from {{ ref('stg_crm__leads') }} as leads
        left join
            {{ ref('int_lead_merges') }} as matches
            on leads.lead_id = matches.lead_id
            and matches.is_current
        where coalesce(leads.merged_into_id, matches.kept_lead_id) is not null

        union all

        select 'contact' as record_kind, contact_id as record_id, merged_into_id

        from {{ ref('stg_crm__contacts') }}
        where merged_into_id is not null

    )

select
    merged_records.record_kind,
    merged_records.record_id,
    -- Who follows a ring never arrives: each record of one stands for itself.
    case
        when
            {%- for step in range(1, steps + 1) %}
                coalesce(next_{{ step }}.record_id = merged_records.record_id, false)
                {{ 'or' if not loop.last }}
            {%- endfor %}
        then merged_records.record_id
        else
            coalesce(
                {%- for step in range(steps, 0, -1) %}next_{{ step }}.merged_into_id, {%- endfor %}
                merged_records.merged_into_id
            )
    end as kept_id

from merged_records
{%- for step in range(1, steps + 1) %}
        {%- set before = 'merged_records' if step == 1 else 'next_' ~ (step - 1) %}
    left join
        merged_records as next_{{ step }}
        on {{ before }}.record_kind = next_{{ step }}.record_kind
        and {{ before }}.merged_into_id = next_{{ step }}.record_id
{%- endfor %}

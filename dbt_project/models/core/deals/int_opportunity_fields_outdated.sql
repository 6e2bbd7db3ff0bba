{{ config(materialized='view') }}
{%- set fields = tracked_fields() %}
{#- The linter would give each comma that a loop writes a line of its own. #}
with

    -- What happened before an extract that had been landed already when it was recorded.
    late_changes as (

        select changes.*

        from {{ ref('stg_crm__opportunity_field_history') }} as changes
        inner join
            {{ ref('int_opportunity_record_times') }} as record_times
            on changes.extracted_at = record_times.recorded_at
            and changes.changed_at <= record_times.last_extract_before

    )

-- An extract can lag behind: it shows what had been replaced by then by a change that was
-- recorded later. The deal's current row is not believed to lag; it contradicts its history.
select
    versions.opportunity_id,
    versions.version_number,
    {%- for field in fields %}
        max(
            case when changes.field_name = '{{ field }}' then 1 end
        ) as {{ field }}{{ ',' if not loop.last }}
    {%- endfor %}

from {{ ref('int_opportunity_versions_shown') }} as versions
inner join
    late_changes as changes
    on versions.opportunity_id = changes.opportunity_id
    and versions.extracted_at >= changes.changed_at
    and versions.extracted_at < changes.extracted_at
where
    not versions.is_current
    and case
        changes.field_name
        {%- for field, type in fields.items() %}
            when '{{ field }}'
            then
                versions.{{ field }}
                is not distinct from cast(nullif(changes.old_value, '') as {{ type }})
        {%- endfor %}
    end
group by versions.opportunity_id, versions.version_number

{%- set fields = tracked_fields() %}
{#- The linter would give each comma that a loop writes a line of its own. #}
with

    deals_with_history as (

        select opportunity_id, max(has_stage_history) as has_stage_history

        from
            (
                select
                    opportunity_id,
                    case when field_name = 'stage_id' then 1 else 0 end as has_stage_history

                from {{ ref('stg_crm__opportunity_field_history') }}

                union all

                select opportunity_id, 1 as has_stage_history

                from {{ ref('stg_crm__opportunity_stage_history') }}

                union all

                select opportunity_id, 1 as has_stage_history

                from {{ ref('stg_crm__opportunity_snapshots') }}
            ) as histories
        group by opportunity_id

    ),

    -- Only deals that an extract has shown: of others nothing but their changes is known.
    extract_versions as (

        select
            dated.opportunity_id,
            dated.version_number,
            dated.source_system,
            dated.extracted_at,
            dated.began_at,
            dated.first_shows_at,
            dated.decided_at,
            dated.is_closed,
            dated.is_current,
            deals_with_history.has_stage_history,
            {%- for field in fields %} versions.{{ field }}, {%- endfor %}
            lag(dated.is_closed) over deal as was_closed,
            lag(dated.extracted_at) over deal as previous_version_extracted_at

        from {{ ref('int_opportunity_versions_dated') }} as dated
        inner join deals_with_history on dated.opportunity_id = deals_with_history.opportunity_id
        inner join
            {{ ref('stg_crm__opportunities_history') }} as versions
            on dated.opportunity_id = versions.opportunity_id
            and dated.version_number = versions.version_number
        window deal as (partition by dated.opportunity_id order by dated.version_number)

    )

-- A closing that no history tells dates itself, as long as no extract had shown the deal open
-- since.
select
    versions.*,
    case
        when versions.has_stage_history = 1 or not versions.is_closed or versions.was_closed
        then versions.extracted_at
        when versions.version_number = 1
        then versions.first_shows_at
        when
            versions.decided_at > greatest(
                versions.previous_version_extracted_at,
                coalesce(extracts.previous_extracted_at, versions.previous_version_extracted_at)
            )
        then versions.decided_at
        else versions.extracted_at
    end as observed_at

from extract_versions as versions
left join
    {{ ref('int_opportunity_extracts') }} as extracts
    on versions.source_system = extracts.source_system
    and versions.extracted_at = extracts.extracted_at

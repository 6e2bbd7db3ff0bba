{{ config(materialized='view') }}

{#-
    Each source reports something of a deal at a moment, and nothing of the fields that it does not
    name. Where several speak of one moment, the one that is believed most counts: an extract or
    snapshot of the whole deal (4, 3), a change that the CRM wrote down (2), and what follows from
    another observation (1).
-#}
{%- set fields = tracked_fields() %}
{#- The linter would give each comma that a loop writes a line of its own. #}
with

    first_versions as (

        select * from {{ ref('int_opportunity_versions_shown') }} where version_number = 1

    )

select
    versions.opportunity_id,
    versions.observed_at,
    versions.extracted_at as recorded_at,
    4 as source_rank,
    false as observes_transition,
    versions.version_number,
    {%- for field in fields %}
        case
            when outdated_fields.{{ field }} is null
            then {{ ranked_observation(4, 'versions.' ~ field) }}
        end as {{ field }}{{ ',' if not loop.last }}
    {%- endfor %}

from {{ ref('int_opportunity_versions_shown') }} as versions
left join
    {{ ref('int_opportunity_fields_outdated') }} as outdated_fields
    on versions.opportunity_id = outdated_fields.opportunity_id
    and versions.version_number = outdated_fields.version_number

union all

select
    snapshots.opportunity_id,
    snapshots.snapshot_at as observed_at,
    greatest(snapshots.extracted_at, first_versions.extracted_at) as recorded_at,
    3 as source_rank,
    false as observes_transition,
    cast(null as bigint) as version_number,
    {%- for field in fields %}
        {{ ranked_observation(3, 'snapshots.' ~ field) }} as {{ field }}{{ ',' if not loop.last }}
    {%- endfor %}

from {{ ref('stg_crm__opportunity_snapshots') }} as snapshots
inner join first_versions on snapshots.opportunity_id = first_versions.opportunity_id

union all

-- Of changes in the same second the last counts. A stage that changes takes its probability
-- along, unless the system's history tells that itself.
select
    changes.opportunity_id,
    changes.changed_at as observed_at,
    greatest(changes.extracted_at, first_versions.extracted_at) as recorded_at,
    2 as source_rank,
    changes.field_name = 'stage_id' as observes_transition,
    cast(null as bigint) as version_number,
    {%- for field in fields %}
        case
            when changes.field_name = '{{ field }}'
            then {{ ranked_observation(2, 'changes.new_value') }}
            {%- if field == 'probability' %}
                when changes.field_name = 'stage_id' and not changes.has_probability_history
                then '1'
            {%- endif %}
        end as {{ field }}{{ ',' if not loop.last }}
    {%- endfor %}

from {{ ref('int_opportunity_field_changes') }} as changes
inner join first_versions on changes.opportunity_id = first_versions.opportunity_id
where coalesce(changes.next_changed_at > changes.changed_at, true)

union all

select
    stays.opportunity_id,
    stays.entered_at as observed_at,
    greatest(stays.extracted_at, first_versions.extracted_at) as recorded_at,
    1 as source_rank,
    true as observes_transition,
    cast(null as bigint) as version_number,
    {%- for field in fields %}
        {%- if field == 'stage_id' %}
            {{ ranked_observation(2, 'stays.stage_id') }} as {{ field }}{{ ',' if not loop.last }}
        {%- elif field == 'probability' %}
            case
                when not stays.has_probability_history then '1'
            end as {{ field }}{{ ',' if not loop.last }}
        {%- else %} cast(null as string) as {{ field }}{{ ',' if not loop.last }}
        {%- endif %}
    {%- endfor %}

from {{ ref('int_opportunity_stays') }} as stays
inner join first_versions on stays.opportunity_id = first_versions.opportunity_id

union all

-- What a field held before its first change it has held since the deal began; no deal began closed.
-- That is news, unless the first extract showed the same.
select
    changes.opportunity_id,
    least(first_versions.began_at, changes.changed_at) as observed_at,
    case
        {%- for field, type in fields.items() %}
            when
                changes.field_name = '{{ field }}'
                and (
                    first_versions.{{ field }}
                    is not distinct from cast(nullif(changes.held_value, '') as {{ type }})
                )
            then first_versions.extracted_at
        {%- endfor %}
        else changes.extracted_at
    end as recorded_at,
    0 as source_rank,
    false as observes_transition,
    cast(null as bigint) as version_number,
    {%- for field in fields %}
        case
            when changes.field_name = '{{ field }}'
            then {{ ranked_observation(0, 'changes.held_value') }}
        end as {{ field }}{{ ',' if not loop.last }}
    {%- endfor %}

from {{ ref('int_opportunity_first_values') }} as changes
inner join first_versions on changes.opportunity_id = first_versions.opportunity_id
where not changes.is_closed_stage

union all

select
    opportunity_id,
    closed_at as observed_at,
    extracted_at as recorded_at,
    0 as source_rank,
    observes_transition,
    cast(null as bigint) as version_number,
    {%- for field in fields %}
        {%- if field == 'stage_id' %}
            {{ ranked_observation(0, 'stage_id') }} as {{ field }}{{ ',' if not loop.last }}
        {%- else %} cast(null as string) as {{ field }}{{ ',' if not loop.last }}
        {%- endif %}
    {%- endfor %}

from {{ ref('int_opportunity_closings_unobserved') }}

union all

select
    opportunity_id,
    began_at as observed_at,
    extracted_at as recorded_at,
    0 as source_rank,
    false as observes_transition,
    cast(null as bigint) as version_number,
    {%- for field in fields %}
        cast(null as string) as {{ field }}{{ ',' if not loop.last }}
    {%- endfor %}

from first_versions
where began_at < observed_at

{{ config(materialized='view') }}

with

    -- No deal is ever without a stage: a first change of stage from nothing says where the history
    -- begins, at the deal's creation or when a migration wrote it. What else it tells from nothing
    -- at that moment is likewise how the deal stood then.
    history_beginnings as (

        select opportunity_id, changed_at as begins_at

        from {{ ref('int_opportunity_field_changes') }}
        where field_name = 'stage_id' and change_number = 1 and nullif(old_value, '') is null

    ),

    -- What a field held before its first change, or where its history begins.
    first_changes as (

        select
            changes.opportunity_id,
            changes.field_name,
            changes.changed_at,
            changes.extracted_at,
            changes.old_value,
            case
                when beginnings.opportunity_id is not null
                then changes.value_of_moment
                else changes.old_value
            end as held_value

        from {{ ref('int_opportunity_field_changes') }} as changes
        left join
            history_beginnings as beginnings
            on changes.opportunity_id = beginnings.opportunity_id
            and changes.changed_at = beginnings.begins_at
            and nullif(changes.old_value, '') is null
        where changes.change_number = 1

    )

select changes.*, coalesce(stages.is_closed, false) as is_closed_stage

from first_changes as changes
left join
    {{ ref('dim_stage') }} as stages
    on changes.field_name = 'stage_id'
    and changes.held_value = stages.stage_id

{{ config(materialized='view') }}

with

    probability_histories as (

        select distinct source_system

        from {{ ref('stg_crm__opportunity_field_history') }}
        where field_name = 'probability'

    ),

    stage_changes as (

        select distinct opportunity_id, changed_at

        from {{ ref('stg_crm__opportunity_field_history') }}
        where field_name = 'stage_id'

    ),

    -- Stays without a time of day often begin at one moment: the deal is in the one that it left
    -- last. A change of stage that the history of fields tells of that moment says it more exactly.
    ranked_stays as (

        select
            stays.*,
            row_number() over (
                partition by stays.opportunity_id, stays.entered_at
                order by
                    stays.exited_at desc nulls first,
                    stages.stage_order desc nulls last,
                    length(stays.stage_history_id) desc,
                    stays.stage_history_id desc
            ) as recency

        from {{ ref('stg_crm__opportunity_stage_history') }} as stays
        left join {{ ref('dim_stage') }} as stages on stays.stage_id = stages.stage_id
        left join
            stage_changes
            on stays.opportunity_id = stage_changes.opportunity_id
            and stays.entered_at = stage_changes.changed_at
        where stage_changes.opportunity_id is null

    )

select
    stays.opportunity_id,
    stays.stage_id,
    stays.entered_at,
    stays.extracted_at,
    probability_histories.source_system is not null as has_probability_history

from ranked_stays as stays
left join probability_histories on stays.source_system = probability_histories.source_system
where stays.recency = 1

{{ config(materialized='view') }}
{%- set is_before_history -%}
    coalesce(first_versions.is_closed and first_versions.decided_at < first_observed_stages.observed_at, false)
{%- endset %}
with

    first_versions as (

        select * from {{ ref('int_opportunity_versions_shown') }} where version_number = 1

    ),

    observed_stages as (

        select
            opportunity_id,
            held_value as stage_id,
            changed_at as observed_at,
            nullif(old_value, '') is not null as is_left_then

        from {{ ref('int_opportunity_first_values') }}
        where field_name = 'stage_id'

        union all

        select opportunity_id, stage_id, entered_at as observed_at, false as is_left_then

        from {{ ref('int_opportunity_stays') }}

        union all

        select opportunity_id, stage_id, snapshot_at as observed_at, false as is_left_then

        from {{ ref('stg_crm__opportunity_snapshots') }}

    ),

    first_observed_stages as (

        select
            observed_stages.opportunity_id,
            observed_stages.observed_at,
            observed_stages.is_left_then,
            stages.stage_id,
            stages.is_closed,
            row_number() over (
                partition by observed_stages.opportunity_id
                order by observed_stages.observed_at, stages.is_closed nulls last, stages.stage_id
            ) as rank

        from observed_stages
        left join {{ ref('dim_stage') }} as stages on observed_stages.stage_id = stages.stage_id

    )

-- A history that begins with a closed stage does not tell the closing: that came before, on the
-- day that the deal itself names. Otherwise all deals closed before a migration would be closed
-- by it, and those whose closed stage was changed later by their creation. Where the deal names
-- no such day, a closed stage that was left is only known to have been there until then.
select
    first_observed_stages.opportunity_id,
    first_observed_stages.stage_id,
    first_versions.extracted_at,
    -- A migration may have written the creation as well.
    case
        when {{ is_before_history }}
        then
            least(
                greatest(first_versions.began_at, first_versions.decided_at),
                first_observed_stages.observed_at - interval '1' microsecond
            )
        else first_observed_stages.observed_at - interval '1' microsecond
    end as closed_at,
    not {{ is_before_history }} as observes_transition

from first_observed_stages
inner join first_versions on first_observed_stages.opportunity_id = first_versions.opportunity_id
where
    first_observed_stages.rank = 1
    and first_observed_stages.is_closed
    and (first_observed_stages.is_left_then or {{ is_before_history }})

{{ config(materialized='view') }}
{%- set fields = tracked_fields() %}
{#- The linter would give each comma that a loop writes a line of its own. #}
with

    stages as (select stage_id, is_closed, is_won from {{ ref('dim_stage') }}),

    -- A deal keeps the chance that its stage gave when something was last reported of the deal.
    stage_chances as (

        select stage_id, probability, valid_from, valid_to from {{ ref('dim_stage_history') }}

    ),

    -- Of what is reported of one moment the best source counts, field by field.
    moments as (

        select
            opportunity_id,
            observed_at,
            coalesce(
                max(case when source_rank = 0 then recorded_at end), min(recorded_at)
            ) as recorded_at,
            max(source_rank) as source_rank,
            max(case when source_rank < 4 then source_rank end) as history_rank,
            max(version_number) as extract_version,
            max(case when observes_transition then 1 else 0 end) = 1 as observes_transition,
            max(case when source_rank = 2 then expected_close_date end) as close_date_set,
            {%- for field in fields %}
                max({{ field }}) as {{ field }}{{ ',' if not loop.last }}
            {%- endfor %}

        from {{ ref('int_opportunity_observations') }}
        group by opportunity_id, observed_at

    ),

    -- A field holds what was reported last. Before anything was reported of it, it held what is
    -- reported first.
    states as (

        select
            opportunity_id,
            observed_at,
            recorded_at,
            coalesce(nullif(history_rank, 0), source_rank) as source_rank,
            coalesce({{ last_known('extract_version', 'until_then') }}, 1) as extract_version,
            observes_transition,
            close_date_set,
            {{ last_known('stage_id', 'until_then') }} as known_stage,
            {{ first_known('stage_id', 'whole_deal') }} as first_stage,
            {%- for field in fields if field != 'stage_id' %}
                coalesce(
                    {{ last_known(field, 'until_then') }}, {{ first_known(field, 'whole_deal') }}
                ) as {{ field }}{{ ',' if not loop.last }}
            {%- endfor %}

        from moments
        window
            until_then as (
                partition by opportunity_id
                order by observed_at
                rows between unbounded preceding and current row
            ),
            whole_deal as (
                partition by opportunity_id
                order by observed_at
                rows between unbounded preceding and unbounded following
            )

    ),

    typed_states as (

        select
            opportunity_id,
            observed_at,
            recorded_at,
            source_rank,
            extract_version,
            observes_transition,
            {{ observed_value('close_date_set', 'date') }} as close_date_set,
            -- A deal that is only known as decided was in some open stage before; which one,
            -- nobody says.
            case when known_stage is null then first_stage end as assumed_stage,
            coalesce(
                {{ observed_value('known_stage', 'string') }},
                {{ observed_value('first_stage', 'string') }}
            ) as stage_id,
            {%- for field, type in fields.items() if field != 'stage_id' %}
                {{ observed_value(field, type) }} as {{ field }}{{ ',' if not loop.last }}
            {%- endfor %}

        from states

    )

select
    states.opportunity_id,
    states.observed_at,
    states.recorded_at,
    states.source_rank,
    states.extract_version,
    states.observes_transition,
    states.close_date_set,
    case
        when states.assumed_stage is not null and stages.is_closed
        then 'unknown'
        else coalesce(stages.stage_id, 'unknown')
    end as stage_id,
    case
        when states.assumed_stage is not null then false else coalesce(stages.is_closed, false)
    end as is_closed,
    case
        when states.assumed_stage is not null then false else coalesce(stages.is_won, false)
    end as is_won,
    states.owner_id,
    states.territory_id,
    coalesce(states.forecast_category, 'unknown') as forecast_category,
    states.currency_code,
    states.amount,
    coalesce(
        states.probability,
        case
            when states.assumed_stage is not null and stages.is_closed
            then null
            else stage_chances.probability
        end
    ) as probability,
    states.expected_close_date

from typed_states as states
left join stages on states.stage_id = stages.stage_id
left join
    stage_chances
    on states.stage_id = stage_chances.stage_id
    and states.observed_at >= stage_chances.valid_from
    and states.observed_at < stage_chances.valid_to

{{ config(pre_hook="{{ join_as_written() }}", post_hook="{{ join_as_estimated() }}") }}
{%- set fields = tracked_fields() %}
{%- set compared = [
    'stage_id', 'owner_id', 'territory_id', 'forecast_category', 'currency_code', 'amount',
    'probability', 'expected_close_date', 'is_closed',
] %}
{%- set described = [
    'opportunity_name', 'account_id', 'product_id', 'lead_source', 'deal_type', 'loss_reason',
    'competitor', 'is_vanished', 'exclusion_reason',
] %}
{#- The linter would give each comma that a loop writes a line of its own. #}
with

    settings as (select time_zone, closing_day from {{ ref('stg_company__settings') }}),

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

    ),

    staged_states as (

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
                when states.assumed_stage is not null
                then false
                else coalesce(stages.is_closed, false)
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

    ),

    compared_states as (

        select
            *,
            row_number() over deal as state_number,
            lag(extract_version) over deal as previous_extract_version,
            {%- for column in compared %}
                lag({{ column }}) over deal as previous_{{ column }}{{ ',' if not loop.last }}
            {%- endfor %}

        from staged_states
        window deal as (partition by opportunity_id order by observed_at)

    ),

    -- Extracts that show a deal otherwise in what no history tells. These columns are wide and
    -- stand aside until the states are known.
    repeated_versions as (

        select
            opportunity_id,
            version_number,
            {%- for column in described %}
                {{ column }},
                lag({{ column }}) over deal as previous_{{ column }}{{ ',' if not loop.last }}
            {%- endfor %}

        from {{ ref('int_opportunity_versions_dated') }}
        where has_other_versions
        window deal as (partition by opportunity_id order by version_number)

    ),

    described_anew as (

        select opportunity_id, version_number

        from repeated_versions
        where
            {%- for column in described %}
                {{ 'or ' if not loop.first }}{{ column }} is distinct from previous_{{ column }}
            {%- endfor %}

    ),

    -- An observation that says what was known already begins no version.
    changes as (

        select
            states.*,
            case
                when states.is_closed and coalesce(not states.previous_is_closed, true)
                then 1
                else 0
            end as closes

        from compared_states as states
        left join
            described_anew
            on states.opportunity_id = described_anew.opportunity_id
            and states.extract_version = described_anew.version_number
        where
            states.state_number = 1
            or (
                described_anew.opportunity_id is not null
                and states.extract_version > states.previous_extract_version
            )
            {%- for column in compared %}
                or states.{{ column }} is distinct from states.previous_{{ column }}
            {%- endfor %}

    ),

    numbered_changes as (

        select
            *,
            row_number() over deal as version_number,
            min(observed_at) over whole_deal as began_at,
            coalesce(lead(observed_at) over deal is null, true) as is_current,
            sum(closes) over until_then as closing

        from changes
        window
            deal as (partition by opportunity_id order by observed_at),
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

    linked_changes as (

        select
            *,
            case
                when
                    coalesce(lag(is_closed) over deal <> is_closed, true)
                    or coalesce(lag(is_won) over deal <> is_won, true)
                then 1
                else 0
            end as begins_outcome,
            lag(observed_at) over deal as previous_observed_at,
            coalesce(lead(observed_at) over deal, {{ open_end() }}) as next_observed_at

        from numbered_changes
        window deal as (partition by opportunity_id order by observed_at)

    ),

    closings as (

        select
            *,
            first_value(observes_transition) over same_closing as is_transition_observed,
            first_value(close_date_set) over same_closing as date_set_by_closing,
            first_value(observed_at) over same_closing as closing_observed_at,
            first_value(previous_observed_at) over same_closing as last_open_observed_at,
            sum(begins_outcome) over until_then as outcome

        from linked_changes
        window
            same_closing as (
                partition by opportunity_id, closing, is_closed
                order by observed_at
                rows between unbounded preceding and current row
            ),
            until_then as (
                partition by opportunity_id
                order by observed_at
                rows between unbounded preceding and current row
            )

    ),

    outcomes as (

        select
            *,
            min(observed_at) over outcome_of_deal as outcome_observed_at,
            max(next_observed_at) over outcome_of_deal as outcome_ends_at

        from closings
        window outcome_of_deal as (partition by opportunity_id, outcome)

    ),

    -- When a history tells the closing, it decides the day: the one that the closing itself wrote
    -- into the close date, else its own. What the close date says of it since is somebody's edit,
    -- unless the company goes by what is stated.
    dated_closings as (

        select
            outcomes.*,
            {{ business_date('outcomes.closing_observed_at', 'settings.time_zone') }}
            as closing_observed_date,
            case
                when outcomes.is_transition_observed and settings.closing_day = 'transition'
                then
                    coalesce(
                        outcomes.date_set_by_closing,
                        {{ business_date('outcomes.closing_observed_at', 'settings.time_zone') }}
                    )
            end as observed_closed_date

        from outcomes
        cross join settings

    ),

    -- The date in a deal's row is that of the outcome in which the row's extract shows the deal.
    -- One from before the deal was reopened is left over.
    closed_versions as (

        select
            versions.*,
            extracts.source_system,
            extracts.extract_id,
            extracts.extracted_at,
            extracts.extracted_date,
            extracts.extraction_date,
            extracts.opportunity_name,
            extracts.account_id,
            extracts.product_id,
            extracts.lead_source,
            extracts.deal_type,
            extracts.loss_reason,
            extracts.competitor,
            extracts.is_vanished,
            extracts.exclusion_reason,
            extracts.modified_at,
            extracts.created_at,
            extracts.created_date,
            extracts.appeared_date,
            extracts.closed_at as extract_closed_at,
            case
                when not versions.is_closed
                then null
                when versions.observed_closed_date is not null
                then versions.observed_closed_date
                when
                    extracts.extracted_at >= versions.outcome_observed_at
                    and extracts.extracted_at < versions.outcome_ends_at
                    and (
                        versions.closing = 1
                        or extracts.closed_date
                        >= {{ business_date('versions.last_open_observed_at', 'settings.time_zone') }}
                    )
                then extracts.closed_date
            end as closed_date,
            case
                when not versions.is_closed
                then null
                when
                    extracts.closed_by_date < versions.closing_observed_date
                    and coalesce(extracts.modified_at >= versions.last_open_observed_at, true)
                then extracts.closed_by_date
                else versions.closing_observed_date
            end as closed_by_date

        from dated_closings as versions
        cross join settings
        inner join
            {{ ref('int_opportunity_versions_dated') }} as extracts
            on versions.opportunity_id = extracts.opportunity_id
            and versions.extract_version = extracts.version_number

    ),

    -- What an extract had spoken for before it was recorded.
    extract_times as (

        select distinct extracted_at

        from {{ ref('stg_landing__extracts') }}
        where source = 'crm' and table_name = 'opportunities'

    ),

    earlier_extracts as (

        select records.recorded_at, max(extract_times.extracted_at) as last_extract_before

        from (select distinct recorded_at from {{ ref('int_opportunity_observations') }}) as records
        inner join extract_times on records.recorded_at > extract_times.extracted_at
        group by records.recorded_at

    )

select
    versions.opportunity_id,
    versions.version_number,
    true as has_other_versions,
    versions.is_current,
    versions.source_system,
    versions.extract_id,
    versions.extracted_at,
    versions.extracted_date,
    versions.extraction_date,

    versions.opportunity_name,
    versions.account_id,
    versions.owner_id,
    versions.product_id,
    versions.territory_id,
    versions.stage_id,
    versions.forecast_category,
    versions.lead_source,
    versions.deal_type,
    versions.loss_reason,
    versions.competitor,

    versions.currency_code,
    versions.amount,
    versions.probability,

    versions.is_closed,
    versions.is_won,
    versions.is_vanished,
    versions.exclusion_reason,

    versions.expected_close_date,
    versions.modified_at,
    versions.created_at,
    versions.created_date,
    versions.appeared_date,
    case
        when
            versions.closed_date = versions.closing_observed_date
            and versions.observed_closed_date is not null
        then versions.closing_observed_at
        when
            versions.observed_closed_date is null
            and versions.closed_date
            = {{ business_date('versions.extract_closed_at', 'settings.time_zone') }}
        then versions.extract_closed_at
    end as closed_at,
    versions.closed_date,
    versions.closed_by_date,
    versions.began_at,
    {{ business_date('versions.began_at', 'settings.time_zone') }} as began_date,
    {{ business_date('versions.began_at', 'settings.time_zone') }} as opened_date,
    case when versions.is_closed then versions.closing_observed_at end as decided_at,
    versions.observed_at as first_shows_at,
    case
        when versions.observed_at <> versions.extracted_at
        then {{ business_date('versions.observed_at', 'settings.time_zone') }}
        when
            versions.is_closed
            and versions.observed_at = versions.closing_observed_at
            and versions.closed_date = versions.extraction_date
        then versions.extraction_date
        else versions.extracted_date
    end as first_shows_date,

    versions.observed_at,
    case
        when versions.source_rank = 0 and versions.is_closed
        then 'close_date'
        when versions.source_rank = 0
        then 'creation_date'
        when versions.source_rank = 1
        then 'stage_history'
        when versions.source_rank = 2
        then 'field_history'
        when versions.source_rank = 3
        then 'snapshot'
        else 'extract'
    end as known_by,
    versions.recorded_at,
    coalesce(
        earlier_extracts.last_extract_before >= versions.observed_at, false
    ) as is_recorded_late

from closed_versions as versions
cross join settings
left join earlier_extracts on versions.recorded_at = earlier_extracts.recorded_at

{{ config(materialized='view') }}
{%- set compared = [
    'stage_id', 'owner_id', 'territory_id', 'forecast_category', 'currency_code', 'amount',
    'probability', 'expected_close_date', 'is_closed',
] %}
{%- set described = [
    'opportunity_name', 'account_id', 'product_id', 'lead_source', 'deal_type', 'loss_reason',
    'competitor', 'campaign_id', 'is_vanished', 'exclusion_reason',
] %}
{#- The linter would give each comma that a loop writes a line of its own. #}
with

    compared_states as (

        select
            *,
            row_number() over deal as state_number,
            lag(extract_version) over deal as previous_extract_version,
            {%- for column in compared %}
                lag({{ column }}) over deal as previous_{{ column }}{{ ',' if not loop.last }}
            {%- endfor %}

        from {{ ref('int_opportunity_states') }}
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

    )

select
    opportunity_id,
    version_number,
    observed_at,
    recorded_at,
    next_observed_at,
    began_at,
    is_current,
    source_rank,
    extract_version,
    stage_id,
    is_closed,
    is_won,
    owner_id,
    territory_id,
    forecast_category,
    currency_code,
    amount,
    probability,
    expected_close_date,
    closing,
    first_value(observes_transition) over same_closing as is_transition_observed,
    {{ last_known('case when begins_outcome = 1 then close_date_set end', 'same_closing') }}
    as date_set_by_closing,
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

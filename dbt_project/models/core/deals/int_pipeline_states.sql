{{ config(materialized=shared_view()) }}

{%- set members = level_columns(deal_levels()) %}
with

    open_spans as (

        select
            1 as sign,
            cast(null as string) as frozen_grain,
            cast(null as date) as frozen_start,
            opportunity_id,
            currency_code,
            open_amount,
            expected_close_date,
            {%- for member in members %} {{ member }}, {%- endfor %}
            valid_from_date

        from {{ ref('fct_pipeline_span') }}

        union all

        select
            sign,
            frozen_grain,
            frozen_start,
            opportunity_id,
            currency_code,
            open_amount,
            expected_close_date,
            {%- for member in members %} {{ member }}, {%- endfor %}
            valid_from_date

        from {{ ref('int_pipeline_spans_at_freeze') }}

    ),

    decided_versions as (

        select
            1 as sign,
            cast(null as string) as frozen_grain,
            cast(null as date) as frozen_start,
            opportunity_id,
            is_excluded,
            is_won,
            valid_from_date

        from {{ ref('fct_opportunity_version') }}
        where valid_from_date < valid_to_date and (is_closed or is_excluded)

        union all

        select
            sign, frozen_grain, frozen_start, opportunity_id, is_excluded, is_won, valid_from_date

        from {{ ref('int_pipeline_versions_at_freeze') }}
        where valid_from_date < valid_to_date and (is_closed or is_excluded)

    ),

    -- What a deal was while it was decided matters only as what came before and after.
    states as (

        select
            sign,
            frozen_grain,
            frozen_start,
            opportunity_id,
            'open' as state,
            currency_code,
            open_amount,
            expected_close_date,
            {%- for member in members %} {{ member }}, {%- endfor %}
            {{ members | join(" || '|' || ") }} as counts_for,
            valid_from_date

        from open_spans

        union all

        select
            sign,
            frozen_grain,
            frozen_start,
            opportunity_id,
            case when is_excluded then 'excluded' when is_won then 'won' else 'lost' end as state,
            cast(null as string) as currency_code,
            cast(null as decimal(18, 2)) as open_amount,
            cast(null as date) as expected_close_date,
            {%- for member in members %} cast(null as string) as {{ member }}, {%- endfor %}
            cast(null as string) as counts_for,
            valid_from_date

        from decided_versions

    ),

    -- The file of a day shows what was decided on it, and speaks for the end of the day before:
    -- until
    -- that day is known, the deal is where it was.
    known_states as (

        select states.*

        from states
        inner join
            {{ ref('dim_as_of') }} as warehouse on states.valid_from_date <= warehouse.as_of_date

    ),

    sequenced_states as (

        select
            *,
            lag(state) over deal as state_before,
            lag(currency_code) over deal as currency_before,
            lag(open_amount) over deal as amount_before,
            lag(expected_close_date) over deal as previous_expected_close_date,
            coalesce(counts_for <> lag(counts_for) over deal, false) as has_changed_hands,
            lead(state) over deal as state_after,
            lead(expected_close_date) over deal as next_expected_close_date,
            coalesce(counts_for <> lead(counts_for) over deal, false) as changes_hands,
            lead(valid_from_date) over deal as valid_to_date

        from known_states
        window
            deal as (
                partition by opportunity_id, frozen_grain, frozen_start, sign
                order by valid_from_date
            )

    ),

    -- Whatever happens on a day is worth what it is at that day's rate, and so is what it ends.
    valued_states as (

        select
            states.*,
            coalesce({{ converted('states.open_amount', 'rates.exchange_rate') }}, 0) as open_value,
            coalesce(
                {{ converted('states.amount_before', 'rates_before.exchange_rate') }}, 0
            ) as value_before

        from sequenced_states as states
        left join
            {{ ref('fct_exchange_rate_held') }} as rates
            on states.currency_code = rates.currency_code
            and states.valid_from_date = rates.rate_date
        left join
            {{ ref('fct_exchange_rate_held') }} as rates_before
            on states.currency_before = rates_before.currency_code
            and states.valid_from_date = rates_before.rate_date

    ),

    with_next_value as (

        select
            *,
            lead(value_before) over (
                partition by opportunity_id, frozen_grain, frozen_start, sign
                order by valid_from_date
            ) as value_at_exit

        from valued_states

    )

select *
from with_next_value
where state = 'open'

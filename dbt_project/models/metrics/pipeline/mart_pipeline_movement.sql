{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set members = level_columns(deal_levels()) %}
{%- set carried = [
    'opportunity_id', 'episode', 'account_id', 'sales_rep_id', 'product_id', 'territory_id',
    'has_own_territory', 'lead_source', 'stage_id', 'forecast_category', 'currency_code', 'amount',
    'weighted_amount', 'amount_source', 'has_creation_date', 'expected_close_date', 'is_closed',
    'is_won', 'is_excluded',
] %}
{%- set movements = [
    'start_value', 'created_value', 'increased_value', 'pulled_in_value', 'reopened_value',
    'decreased_value', 'pushed_out_value', 'won_value', 'lost_value', 'removed_value',
    'transferred_value', 'revaluation_value', 'end_value',
] %}
with

    known_periods as ({{ known_periods() }}),

    frozen_periods as ({{ frozen_periods() }}),

    late_changes as (

        select
            opportunity_id,
            min(valid_from_date) as first_holds_on,
            max(valid_to_date) as last_holds_until,
            max(recorded_on) as last_recorded_on

        from {{ ref('fct_opportunity_version') }}
        where is_recorded_late
        group by opportunity_id

    ),

    -- Frozen periods that a deal moved in by what was recorded only after the freeze.
    misheard_periods as (

        select
            late_changes.opportunity_id,
            periods.period_grain,
            periods.period_start,
            periods.frozen_on

        from late_changes
        inner join
            frozen_periods as periods
            on late_changes.last_recorded_on > periods.frozen_on
            and late_changes.first_holds_on <= periods.period_end
            and late_changes.last_holds_until >= periods.period_start

    ),

    told_versions as (

        select
            misheard_periods.period_grain as heard_grain,
            misheard_periods.period_start as heard_start,
            {%- for column in carried %} versions.{{ column }}, {%- endfor %}
            versions.valid_from_date,
            versions.valid_to_date,
            versions.is_shown_late,
            versions.valid_from,
            versions.valid_to,
            case
                when versions.is_recorded_late and versions.recorded_on > misheard_periods.frozen_on
                then 0
                else 1
            end as is_heard

        from {{ ref('fct_opportunity_version') }} as versions
        inner join misheard_periods on versions.opportunity_id = misheard_periods.opportunity_id

    ),

    numbered_versions as (

        select
            *,
            first_value(valid_from_date) over until_then as begins_on,
            sum(is_heard) over until_then as heard_before,
            lead(is_heard) over deal as next_is_heard

        from told_versions
        window
            deal as (
                partition by opportunity_id, heard_grain, heard_start order by valid_from, valid_to
            ),
            until_then as (
                partition by opportunity_id, heard_grain, heard_start
                order by valid_from, valid_to
                rows between unbounded preceding and current row
            )

    ),

    -- Where the beginning of a deal was put right, extracts had shown what it was put right to.
    heard_versions as (

        select *, case when is_heard = 1 then valid_from_date else begins_on end as heard_from_date

        from numbered_versions
        where
            is_heard = 1
            or (heard_before = 0 and coalesce(next_is_heard, 1) = 1 and not is_shown_late)

    ),

    -- A frozen period is what is known now, less what is known now of the deals that it misheard,
    -- and what it had heard of them instead: there a state holds until the next one that had been
    -- heard.
    corrections as (

        select
            -1 as sign,
            heard_grain,
            heard_start,
            {%- for column in carried %} {{ column }}, {%- endfor %}
            valid_from_date,
            valid_to_date

        from told_versions

        union all

        select
            1 as sign,
            heard_grain,
            heard_start,
            {%- for column in carried %} {{ column }}, {%- endfor %}
            heard_from_date as valid_from_date,
            coalesce(
                lead(heard_from_date) over (
                    partition by opportunity_id, heard_grain, heard_start
                    order by valid_from, valid_to
                ),
                {{ open_end_date() }}
            ) as valid_to_date

        from heard_versions

    ),

    open_spans as (

        select
            1 as sign,
            cast(null as string) as heard_grain,
            cast(null as date) as heard_start,
            known_spans.*

        from ({{ open_spans() }}) as known_spans

        union all

        {{ open_spans('corrections', keys=['sign', 'heard_grain', 'heard_start']) }}

    ),

    decided_versions as (

        select
            1 as sign,
            cast(null as string) as heard_grain,
            cast(null as date) as heard_start,
            opportunity_id,
            is_excluded,
            is_won,
            valid_from_date

        from {{ ref('fct_opportunity_version') }}
        where valid_from_date < valid_to_date and (is_closed or is_excluded)

        union all

        select sign, heard_grain, heard_start, opportunity_id, is_excluded, is_won, valid_from_date

        from corrections
        where valid_from_date < valid_to_date and (is_closed or is_excluded)

    ),

    -- Every state that lasted until the end of a day, one after the other. What a deal was while it
    -- was decided matters only as what came before and after.
    states as (

        select
            sign,
            heard_grain,
            heard_start,
            opportunity_id,
            'open' as state,
            currency_code,
            open_amount,
            expected_close_date,
            {%- for member in members %} {{ member }}, {%- endfor %}
            starts_on

        from open_spans

        union all

        select
            sign,
            heard_grain,
            heard_start,
            opportunity_id,
            case when is_excluded then 'excluded' when is_won then 'won' else 'lost' end as state,
            cast(null as string) as currency_code,
            cast(null as decimal(18, 2)) as open_amount,
            cast(null as date) as expected_close_date,
            {%- for member in members %} cast(null as string) as {{ member }}, {%- endfor %}
            valid_from_date as starts_on

        from decided_versions

    ),

    sequenced_states as (

        select
            *,
            lag(state) over deal as state_before,
            lag(currency_code) over deal as currency_before,
            lag(open_amount) over deal as amount_before,
            lag(expected_close_date) over deal as expected_before,
            lead(state) over deal as state_after,
            lead(expected_close_date) over deal as expected_after,
            lead(starts_on) over deal as ends_on

        from states
        window
            deal as (partition by opportunity_id, heard_grain, heard_start, sign order by starts_on)

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
            {{ ref('int_fx_rates_held') }} as rates
            on states.currency_code = rates.currency_code
            and states.starts_on = rates.rate_date
        left join
            {{ ref('int_fx_rates_held') }} as rates_before
            on states.currency_before = rates_before.currency_code
            and states.starts_on = rates_before.rate_date

    ),

    neighbours as (

        select
            *,
            lead(value_before) over (
                partition by opportunity_id, heard_grain, heard_start, sign order by starts_on
            ) as value_at_exit

        from valued_states

    ),

    currencies as (select distinct currency_code from {{ ref('int_fx_rates_held') }}),

    -- The rates at which a period's pipeline is valued at its start and at its end.
    period_rates as (

        select
            known_periods.period_grain,
            known_periods.period_start,
            known_periods.period_end,
            known_periods.last_known_date,
            currencies.currency_code,
            start_rates.exchange_rate as start_rate,
            end_rates.exchange_rate as end_rate

        from known_periods
        cross join currencies
        left join
            {{ ref('int_fx_rates_held') }} as start_rates
            on currencies.currency_code = start_rates.currency_code
            and {{ plus_days('known_periods.period_start', -1) }} = start_rates.rate_date
        left join
            {{ ref('int_fx_rates_held') }} as end_rates
            on currencies.currency_code = end_rates.currency_code
            and known_periods.last_known_date = end_rates.rate_date

    ),

    -- What is open at the start and the end of the period in which it is expected to close, and
    -- what it gained by the rates alone from when it was first in that pipeline until it left it.
    stays as (

        {%- for grain in period_grains() %}
            select
                spans.*,
                periods.period_grain,
                periods.period_start,
                periods.period_end,
                case
                    when spans.starts_on < periods.period_start
                    then coalesce({{ converted('spans.open_amount', 'periods.start_rate') }}, 0)
                end as start_value,
                case
                    when spans.ends_on is null or spans.ends_on > periods.last_known_date
                    then coalesce({{ converted('spans.open_amount', 'periods.end_rate') }}, 0)
                end as end_value

            from neighbours as spans
            inner join
                {{ ref('dim_date') }} as calendar on spans.expected_close_date = calendar.date_day
            inner join
                period_rates as periods
                on calendar.{{ grain }}_start = periods.period_start
                and periods.period_grain = '{{ grain }}'
                and spans.currency_code = periods.currency_code
                and spans.starts_on <= periods.last_known_date
            where
                spans.state = 'open'
                and coalesce(spans.ends_on >= periods.period_start, true)
                and coalesce(spans.heard_grain, '{{ grain }}') = '{{ grain }}'
                and coalesce(spans.heard_start, periods.period_start) = periods.period_start
                {{ 'union all' if not loop.last }}
        {%- endfor %}

    ),

    -- A deal is in the pipeline of a period while it is open and expected to close in it. What it
    -- brings when it comes in or grows is given to those whom it counts for from then on.
    entries as (

        {%- for grain in period_grains() %}
            select
                '{{ grain }}' as period_grain,
                calendar.{{ grain }}_start as period_start,
                calendar.{{ grain }}_end as period_end,
                spans.*,
                coalesce(
                    spans.state_before = 'open'
                    and spans.expected_before
                    between calendar.{{ grain }}_start and calendar.{{ grain }}_end,
                    false
                ) as was_in

            from neighbours as spans
            inner join {{ ref('dim_date') }} as calendar on spans.starts_on = calendar.date_day
            where
                spans.state = 'open'
                and spans.expected_close_date
                between calendar.{{ grain }}_start and calendar.{{ grain }}_end
                and coalesce(spans.heard_grain, '{{ grain }}') = '{{ grain }}'
                and coalesce(spans.heard_start, calendar.{{ grain }}_start)
                = calendar.{{ grain }}_start
                {{ 'union all' if not loop.last }}
        {%- endfor %}

    ),

    -- What it takes away when it leaves is taken from those whom it counted for until then.
    exits as (

        {%- for grain in period_grains() %}
            select
                '{{ grain }}' as period_grain,
                calendar.{{ grain }}_start as period_start,
                calendar.{{ grain }}_end as period_end,
                spans.*,
                coalesce(
                    spans.state_after = 'open'
                    and spans.expected_after
                    between calendar.{{ grain }}_start and calendar.{{ grain }}_end,
                    false
                ) as stays_in

            from neighbours as spans
            inner join {{ ref('dim_date') }} as calendar on spans.ends_on = calendar.date_day
            where
                spans.state = 'open'
                and spans.expected_close_date
                between calendar.{{ grain }}_start and calendar.{{ grain }}_end
                and coalesce(spans.heard_grain, '{{ grain }}') = '{{ grain }}'
                and coalesce(spans.heard_start, calendar.{{ grain }}_start)
                = calendar.{{ grain }}_start
                {{ 'union all' if not loop.last }}
        {%- endfor %}

    ),

    effects as (

        select
            case when heard_grain is null then 'restated' else 'correction' end as basis,
            sign,
            period_grain,
            period_start,
            period_end,
            {%- for member in members %} {{ member }}, {%- endfor %}
            0 as start_value,
            case
                when coalesce(state_before, 'excluded') = 'excluded' then open_value else 0
            end as created_value,
            case
                when was_in and open_value > value_before then open_value - value_before else 0
            end as increased_value,
            case
                when state_before = 'open' and not was_in then open_value else 0
            end as pulled_in_value,
            case when state_before in ('won', 'lost') then open_value else 0 end as reopened_value,
            case
                when was_in and open_value < value_before then value_before - open_value else 0
            end as decreased_value,
            0 as pushed_out_value,
            0 as won_value,
            0 as lost_value,
            0 as removed_value,
            case when was_in then value_before else 0 end as transferred_value,
            0 as revaluation_value,
            0 as end_value

        from entries

        union all

        select
            case when heard_grain is null then 'restated' else 'correction' end as basis,
            sign,
            period_grain,
            period_start,
            period_end,
            {%- for member in members %} {{ member }}, {%- endfor %}
            0 as start_value,
            0 as created_value,
            0 as increased_value,
            0 as pulled_in_value,
            0 as reopened_value,
            0 as decreased_value,
            case
                when state_after = 'open' and not stays_in then value_at_exit else 0
            end as pushed_out_value,
            case when state_after = 'won' then value_at_exit else 0 end as won_value,
            case when state_after = 'lost' then value_at_exit else 0 end as lost_value,
            case when state_after = 'excluded' then value_at_exit else 0 end as removed_value,
            case when stays_in then - value_at_exit else 0 end as transferred_value,
            0 as revaluation_value,
            0 as end_value

        from exits

        union all

        select
            case when heard_grain is null then 'restated' else 'correction' end as basis,
            sign,
            period_grain,
            period_start,
            period_end,
            {%- for member in members %} {{ member }}, {%- endfor %}
            coalesce(start_value, 0) as start_value,
            0 as created_value,
            0 as increased_value,
            0 as pulled_in_value,
            0 as reopened_value,
            0 as decreased_value,
            0 as pushed_out_value,
            0 as won_value,
            0 as lost_value,
            0 as removed_value,
            0 as transferred_value,
            coalesce(end_value, value_at_exit)
            - coalesce(start_value, open_value) as revaluation_value,
            coalesce(end_value, 0) as end_value

        from stays

    ),

    counted_members as (

        {%- set measures = {} %}
        {%- for movement in movements %}
            {%- do measures.update({movement: money_sum('facts.sign * facts.' ~ movement)}) %}
        {%- endfor %}

        {{ rolled_up_by(
        'effects', keys=['period_grain', 'period_start', 'period_end'], measures=measures
    ) }}

    ),

    by_member as (

        select *

        from counted_members
        where basis = 'restated'

        union all

        select
            counted_members.period_grain,
            counted_members.period_start,
            counted_members.period_end,
            counted_members.level,
            counted_members.member_id,
            'as_closed' as basis,
            {%- for movement in movements %}
                {{ money_sum('counted_members.' ~ movement) }}
                as {{ movement }}{{ ',' if not loop.last }}
            {%- endfor %}

        from counted_members
        inner join
            frozen_periods
            on counted_members.period_grain = frozen_periods.period_grain
            and counted_members.period_start = frozen_periods.period_start
        group by
            counted_members.period_grain,
            counted_members.period_start,
            counted_members.period_end,
            counted_members.level,
            counted_members.member_id

    )

select
    by_member.period_grain,
    by_member.period_start,
    by_member.period_end,
    by_member.level,
    by_member.member_id,
    coalesce(members.member_name, by_member.member_id) as member_name,
    by_member.basis,

    by_member.start_value,
    by_member.created_value,
    by_member.increased_value,
    by_member.pulled_in_value,
    by_member.reopened_value,
    by_member.decreased_value,
    by_member.pushed_out_value,
    by_member.won_value,
    by_member.lost_value,
    by_member.end_value,
    by_member.removed_value,
    by_member.transferred_value,
    by_member.revaluation_value,
    periods.period_label,
    periods.is_running,
    periods.elapsed_business_days

from by_member
left join
    {{ ref('dim_member') }} as members
    on by_member.level = members.level
    and by_member.member_id = members.member_id
left join
    {{ ref('dim_period') }} as periods
    on by_member.period_grain = periods.period_grain
    and by_member.period_start = periods.period_start
-- A period in which nothing was expected to close, and nothing was before or after.
where
    by_member.start_value <> 0
    or by_member.end_value <> 0
    or by_member.created_value <> 0
    or by_member.pulled_in_value <> 0
    or by_member.reopened_value <> 0
    or by_member.increased_value <> 0
    or by_member.transferred_value <> 0
    or by_member.revaluation_value <> 0

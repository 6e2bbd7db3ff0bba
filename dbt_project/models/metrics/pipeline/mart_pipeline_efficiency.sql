{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set members = level_columns(deal_levels()) %}
with

    known_periods as (select * from {{ ref('dim_period') }} where last_known_date is not null),

    -- What was open at the end of the day before a period, worth what it was at that day's rate.
    starting_deals as (

        select
            periods.period_grain,
            periods.period_start,
            periods.period_end,
            periods.last_known_date,
            spans.*,
            {{ converted_sum('spans.open_amount', 'rates.start_rate') }} as open_value,
            coalesce(
                spans.expected_close_date between periods.period_start and periods.period_end, false
            ) as is_expected

        from {{ ref('fct_pipeline_span') }} as spans
        inner join
            known_periods as periods
            on spans.valid_from_date < periods.period_start
            and spans.valid_to_date >= periods.period_start
        left join
            {{ ref('int_fx_rates_by_period') }} as rates
            on periods.period_grain = rates.period_grain
            and periods.period_start = rates.period_start
            and spans.currency_code = rates.currency_code

    ),

    pushes as (

        select distinct
            starting_deals.period_grain, starting_deals.period_start, starting_deals.opportunity_id

        from starting_deals
        inner join
            {{ ref('fct_pipeline_span') }} as later_spans
            on starting_deals.opportunity_id = later_spans.opportunity_id
            and starting_deals.period_start <= later_spans.valid_from_date
            and starting_deals.period_end >= later_spans.valid_from_date
            and starting_deals.period_end < later_spans.expected_close_date
        where starting_deals.is_expected

    ),

    pushed_starting_deals as (

        select
            deals.*,
            case when deals.is_expected then 1 else 0 end as expected_deals,
            case when deals.is_expected then deals.open_value else 0 end as expected_value,
            -- While a period runs, a deal that is still to be decided in time has not slipped.
            case
                when deals.is_expected and deals.expected_close_date <= deals.last_known_date
                then 1
                else 0
            end as due_deals,
            case when pushes.opportunity_id is null then 0 else 1 end as pushed_deals

        from starting_deals as deals
        left join
            pushes
            on deals.opportunity_id = pushes.opportunity_id
            and deals.period_grain = pushes.period_grain
            and deals.period_start = pushes.period_start

    ),

    frozen_periods as (select * from {{ ref('dim_period') }} where is_frozen),

    -- How each of them ended in the period, if it did, in the episode in which it was open: as is
    -- known now, and as was known when the period was frozen.
    outcomes as (

        select
            'restated' as basis,
            deals.period_grain,
            deals.period_start,
            deals.period_end,
            {%- for member in members %} deals.{{ member }}, {%- endfor %}
            deals.open_value,
            deals.expected_deals,
            deals.expected_value,
            deals.due_deals,
            deals.pushed_deals,
            coalesce(
                facts.closed_date between deals.period_start and deals.period_end, false
            ) as is_decided,
            coalesce(facts.is_won, false) as is_won

        from pushed_starting_deals as deals
        left join
            {{ ref('fct_opportunity') }} as facts
            on deals.opportunity_id = facts.opportunity_id
            and deals.episode = facts.episode

        union all

        select
            'as_closed' as basis,
            deals.period_grain,
            deals.period_start,
            deals.period_end,
            {%- for member in members %} deals.{{ member }}, {%- endfor %}
            deals.open_value,
            deals.expected_deals,
            deals.expected_value,
            deals.due_deals,
            deals.pushed_deals,
            closings.opportunity_id is not null as is_decided,
            coalesce(closings.is_won, false) as is_won

        from pushed_starting_deals as deals
        inner join
            frozen_periods
            on deals.period_grain = frozen_periods.period_grain
            and deals.period_start = frozen_periods.period_start
        left join
            {{ ref('fct_closing') }} as closings
            on closings.basis = 'as_closed'
            and deals.opportunity_id = closings.opportunity_id
            and deals.episode = closings.episode
            and deals.period_grain = closings.period_grain
            and deals.period_start = closings.period_start

    ),

    by_member as (

        {{ rolled_up_by('outcomes', keys=['period_grain', 'period_start', 'period_end'], measures={
        'starting_open_deals': 'count(*)',
        'starting_open_value': money_sum('facts.open_value'),
        'starting_value_won': money_sum('case when facts.is_decided and facts.is_won then facts.open_value end'),
        'expected_deals': 'sum(facts.expected_deals)',
        'expected_value': money_sum('facts.expected_value'),
        'due_deals': 'sum(facts.due_deals)',
        'slipped_deals': 'sum(case when facts.is_decided then 0 else facts.due_deals end)',
        'pushed_deals': 'sum(facts.pushed_deals)',
    }) }}

    ),

    -- A target stands also where nothing was open at the start: what covers it is 0, and not
    -- unknown.
    targets_without_pipeline as (

        select
            quotas.period_grain,
            quotas.period_start,
            periods.period_end,
            quotas.level,
            quotas.member_id,
            quotas.basis

        from {{ ref('mart_quota_attainment') }} as quotas
        inner join
            known_periods as periods
            on quotas.period_grain = periods.period_grain
            and quotas.period_start = periods.period_start
        left join
            by_member
            on quotas.basis = by_member.basis
            and quotas.period_grain = by_member.period_grain
            and quotas.period_start = by_member.period_start
            and quotas.level = by_member.level
            and quotas.member_id = by_member.member_id
        where quotas.quota_value is not null and by_member.member_id is null

    ),

    members_of_periods as (

        select
            period_grain,
            period_start,
            period_end,
            level,
            member_id,
            basis,
            cast(starting_open_deals as bigint) as starting_open_deals,
            starting_open_value,
            starting_value_won,
            cast(expected_deals as bigint) as expected_deals,
            expected_value,
            cast(due_deals as bigint) as due_deals,
            cast(slipped_deals as bigint) as slipped_deals,
            cast(pushed_deals as bigint) as pushed_deals

        from by_member

        union all

        select
            period_grain,
            period_start,
            period_end,
            level,
            member_id,
            basis,
            cast(0 as bigint) as starting_open_deals,
            cast(0 as decimal(18, 2)) as starting_open_value,
            cast(0 as decimal(18, 2)) as starting_value_won,
            cast(0 as bigint) as expected_deals,
            cast(0 as decimal(18, 2)) as expected_value,
            cast(0 as bigint) as due_deals,
            cast(0 as bigint) as slipped_deals,
            cast(0 as bigint) as pushed_deals

        from targets_without_pipeline

    )

select
    by_member.period_grain,
    by_member.period_start,
    by_member.period_end,
    by_member.level,
    by_member.member_id,
    coalesce(members.member_name, by_member.member_id) as member_name,
    by_member.basis,

    by_member.starting_open_deals,
    by_member.starting_open_value,
    by_member.starting_value_won,
    {{ ratio('by_member.starting_value_won', 'by_member.starting_open_value') }}
    as pipeline_conversion,
    by_member.starting_open_deals
    * outcomes.average_won_value
    * {{ ratio('outcomes.won_deals', 'outcomes.closed_deals') }}
    / nullif(cycles.mean_cycle_days, 0) as velocity_per_day,
    case
        when quotas.quota_value > quotas.won_value
        then {{ ratio('by_member.expected_value', 'quotas.quota_value - quotas.won_value') }}
    end as coverage_ratio,
    by_member.expected_deals,
    by_member.slipped_deals,
    {{ ratio('by_member.slipped_deals', 'by_member.due_deals') }} as slip_rate,
    by_member.pushed_deals,
    {{ ratio('by_member.expected_value', 'quotas.quota_value') }} as starting_coverage,
    by_member.due_deals,
    by_member.expected_value,
    quotas.quota_value,
    quotas.won_value >= quotas.quota_value as quota_attained,
    periods.period_label,
    periods.is_running,
    periods.elapsed_business_days

from members_of_periods as by_member
left join
    {{ ref('mart_deal_outcome') }} as outcomes
    on by_member.basis = outcomes.basis
    and by_member.period_grain = outcomes.period_grain
    and by_member.period_start = outcomes.period_start
    and by_member.level = outcomes.level
    and by_member.member_id = outcomes.member_id
left join
    {{ ref('mart_sales_cycle') }} as cycles
    on by_member.basis = cycles.basis
    and by_member.period_grain = cycles.period_grain
    and by_member.period_start = cycles.period_start
    and by_member.level = cycles.level
    and by_member.member_id = cycles.member_id
left join
    {{ ref('mart_quota_attainment') }} as quotas
    on by_member.basis = quotas.basis
    and by_member.period_grain = quotas.period_grain
    and by_member.period_start = quotas.period_start
    and by_member.level = quotas.level
    and by_member.member_id = quotas.member_id
left join
    {{ ref('dim_member') }} as members
    on by_member.level = members.level
    and by_member.member_id = members.member_id
left join
    {{ ref('dim_period') }} as periods
    on by_member.period_grain = periods.period_grain
    and by_member.period_start = periods.period_start

{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
with

    by_member as (

        {{ rolled_up_by(ref('fct_starting_deal'), keys=['period_grain', 'period_start', 'period_end'], managers_on='period_start', measures={
        'starting_open_deals': 'count(*)',
        'starting_open_value': money_sum('facts.open_value'),
        'starting_value_won': money_sum('case when facts.is_decided and facts.is_won then facts.open_value end'),
        'expected_deals': 'sum(case when facts.is_expected then 1 else 0 end)',
        'expected_value': money_sum('case when facts.is_expected then facts.open_value end'),
        'due_deals': 'sum(case when facts.is_due then 1 else 0 end)',
        'slipped_deals': 'sum(case when facts.is_due and not facts.is_decided then 1 else 0 end)',
        'pushed_deals': 'sum(case when facts.is_pushed then 1 else 0 end)',
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
            {{ ref('dim_period') }} as periods
            on quotas.period_grain = periods.period_grain
            and quotas.period_start = periods.period_start
        left join
            by_member
            on quotas.basis = by_member.basis
            and quotas.period_grain = by_member.period_grain
            and quotas.period_start = by_member.period_start
            and quotas.level = by_member.level
            and quotas.member_id = by_member.member_id
        where
            periods.last_known_date is not null
            and quotas.quota_value is not null
            and by_member.member_id is null

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

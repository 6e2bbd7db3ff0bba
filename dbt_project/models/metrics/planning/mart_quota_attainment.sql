with

    known_periods as (select * from {{ ref('dim_period') }} where last_known_date is not null),

    frozen_periods as (select * from {{ ref('dim_period') }} where is_frozen),

    -- Targets have no past of their own: a frozen period is measured by those that hold now.
    quotas_by_basis as (

        select 'restated' as basis, quotas.*

        from {{ ref('fct_period_quota') }} as quotas

        union all

        select 'as_closed' as basis, quotas.*

        from {{ ref('fct_period_quota') }} as quotas
        inner join
            frozen_periods
            on quotas.period_grain = frozen_periods.period_grain
            and quotas.period_start = frozen_periods.period_start

    ),

    won_values as (

        select
            outcomes.basis,
            outcomes.level,
            outcomes.member_id,
            outcomes.period_grain,
            outcomes.period_start,
            outcomes.won_value

        from {{ ref('mart_deal_outcome') }} as outcomes
        inner join
            known_periods
            on outcomes.period_grain = known_periods.period_grain
            and outcomes.period_start = known_periods.period_start
        where
            outcomes.level in ('company', 'branch', 'territory', 'team', 'rep', 'manager')
            and outcomes.won_value <> 0

    ),

    both_parts as (

        select
            coalesce(quotas.basis, won_values.basis) as basis,
            coalesce(quotas.level, won_values.level) as level,
            coalesce(quotas.member_id, won_values.member_id) as member_id,
            coalesce(quotas.period_grain, won_values.period_grain) as period_grain,
            coalesce(quotas.period_start, won_values.period_start) as period_start,
            quotas.quota_source,
            quotas.full_quota_value,
            quotas.ramped_quota_value,
            quotas.quota_value,
            coalesce(won_values.won_value, 0) as won_value

        from quotas_by_basis as quotas
        full outer join
            won_values
            on quotas.basis = won_values.basis
            and quotas.level = won_values.level
            and quotas.member_id = won_values.member_id
            and quotas.period_grain = won_values.period_grain
            and quotas.period_start = won_values.period_start

    )

select
    parts.period_grain,
    parts.period_start,
    periods.period_end,
    parts.level,
    parts.member_id,
    coalesce(members.member_name, parts.member_id) as member_name,
    parts.basis,

    cast(parts.quota_value as decimal(18, 2)) as quota_value,
    cast(parts.won_value as decimal(18, 2)) as won_value,
    {{ ratio('parts.won_value', 'parts.quota_value') }} as attainment,
    cast(parts.quota_value - parts.won_value as decimal(18, 2)) as gap_value,
    cast(
        case
            when parts.quota_value > parts.won_value
            then parts.quota_value - parts.won_value
            when parts.quota_value is not null
            then 0
        end as double
    ) / nullif(
        periods.business_days - periods.elapsed_business_days, 0
    ) as required_per_remaining_day,
    {{ ratio(
        'parts.won_value * periods.business_days',
        'parts.quota_value * periods.elapsed_business_days'
    ) }} as pace,
    cast(parts.full_quota_value as decimal(18, 2)) as full_quota_value,
    cast(parts.ramped_quota_value as decimal(18, 2)) as ramped_quota_value,
    cast(
        cast(parts.quota_value as double)
        * periods.elapsed_business_days
        / nullif(periods.business_days, 0) as decimal(18, 2)
    ) as prorated_quota_value,
    parts.quota_source,
    periods.business_days as period_business_days,
    periods.elapsed_business_days,
    periods.period_label,
    periods.is_running

from both_parts as parts
left join
    {{ ref('dim_member') }} as members
    on parts.level = members.level
    and parts.member_id = members.member_id
inner join
    {{ ref('dim_period') }} as periods
    on parts.period_grain = periods.period_grain
    and parts.period_start = periods.period_start

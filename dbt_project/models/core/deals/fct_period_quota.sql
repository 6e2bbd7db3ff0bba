with

    -- A longer period without a target of its own has those of its parts, each the longest that has
    -- one; what was set for a whole quarter is not broken down to months that nobody set.
    parts as (

        select
            quotas.level,
            quotas.member_id,
            known_periods.period_grain,
            known_periods.period_start,
            quotas.quota_source,
            quotas.full_quota_value,
            quotas.ramped_quota_value,
            quotas.quota_value

        from {{ ref('int_quotas_by_member') }} as quotas
        inner join
            {{ ref('dim_period') }} as known_periods
            on quotas.period_start >= known_periods.period_start
            and quotas.period_end <= known_periods.period_end
        left join
            {{ ref('int_quotas_by_member') }} as longer
            on quotas.level = longer.level
            and quotas.member_id = longer.member_id
            and quotas.period_grain <> longer.period_grain
            and quotas.period_start >= longer.period_start
            and quotas.period_end <= longer.period_end
            and known_periods.period_start <= longer.period_start
            and known_periods.period_end >= longer.period_end
        where
            known_periods.last_known_date is not null
            and known_periods.period_grain <> 'week'
            and longer.member_id is null

    )

select
    level,
    member_id,
    period_grain,
    period_start,
    cast(sum(full_quota_value) as decimal(18, 2)) as full_quota_value,
    cast(sum(ramped_quota_value) as decimal(18, 2)) as ramped_quota_value,
    cast(sum(quota_value) as decimal(18, 2)) as quota_value,
    case
        when min(quota_source) = max(quota_source) then min(quota_source) else 'mixed'
    end as quota_source

from parts
group by level, member_id, period_grain, period_start

with

    -- To be ramped is to carry a full target: the one that was lowered for a new hire counts only
    -- where no full one is set.
    rep_quotas as (

        select
            member_id as sales_rep_id,
            period_grain,
            period_start,
            period_end,
            case period_grain when 'year' then 3 when 'quarter' then 2 else 1 end as grain_length,
            coalesce(
                sum(case when quota_kind = 'full' then quota_value end),
                sum(case when quota_kind = 'ramped' then quota_value end)
            ) as quota_value

        from {{ ref('fct_quota') }}
        where level = 'rep' and is_in_force
        group by member_id, period_grain, period_start, period_end

    ),

    -- Whoever began before anybody had a target may have ramped long before it could be seen.
    first_quota as (select min(period_start) as first_quota_date from rep_quotas),

    tenure_quotas as (

        select
            tenures.person_id,
            tenures.tenure_number,
            tenures.sales_rep_id,
            tenures.started_on,
            tenures.observed_until_date,
            quotas.period_grain,
            quotas.period_start,
            quotas.period_end,
            quotas.grain_length,
            quotas.quota_value,
            max(quotas.grain_length) over (
                partition by tenures.person_id, tenures.tenure_number
            ) as longest_grain_length

        from {{ ref('fct_tenure') }} as tenures
        inner join
            rep_quotas as quotas
            on tenures.sales_rep_id = quotas.sales_rep_id
            and tenures.started_on <= quotas.period_end
            and tenures.observed_until_date >= quotas.period_start
        where quotas.quota_value > 0

    ),

    won_days as (

        select sales_rep_id, closed_date, sum(opportunity_value) as won_value

        from {{ ref('fct_opportunity') }}
        where is_won and is_last_episode and not is_excluded
        group by sales_rep_id, closed_date

    ),

    -- A period counts by what was won in it since the tenure began, against all of its target.
    running_values as (

        select
            quotas.person_id,
            quotas.tenure_number,
            quotas.period_grain,
            quotas.period_start,
            quotas.period_end,
            quotas.quota_value,
            won_days.closed_date,
            sum(won_days.won_value) over (
                partition by quotas.person_id, quotas.tenure_number, quotas.period_start
                order by won_days.closed_date
            ) as won_so_far

        from tenure_quotas as quotas
        inner join
            won_days
            on quotas.sales_rep_id = won_days.sales_rep_id
            and quotas.started_on <= won_days.closed_date
            and quotas.observed_until_date >= won_days.closed_date
            and quotas.period_start <= won_days.closed_date
            and quotas.period_end >= won_days.closed_date
        where quotas.grain_length = quotas.longest_grain_length

    ),

    reached_targets as (

        select
            running.person_id,
            running.tenure_number,
            running.period_grain,
            running.period_start,
            running.period_end,
            running.closed_date as ramped_on,
            row_number() over (
                partition by running.person_id, running.tenure_number order by running.closed_date
            ) as rank

        from running_values as running
        cross join {{ ref('stg_company__settings') }} as settings
        where running.won_so_far >= running.quota_value * settings.ramp_target_share

    ),

    tenures_with_quota as (select distinct person_id, tenure_number from tenure_quotas)

select
    tenures.person_id,
    tenures.tenure_number,
    tenures.branch_id,
    tenures.team_id,
    tenures.territory_id,
    tenures.started_on,
    with_quota.person_id is not null
    and tenures.started_on >= first_quota.first_quota_date as is_measured,
    reached.ramped_on,
    reached.period_grain as ramp_period_grain,
    reached.period_start as ramp_period_start,
    reached.period_end as ramp_period_end,
    reached.ramped_on is not null as is_ramped,
    {{ days_between('tenures.started_on', 'coalesce(reached.ramped_on, tenures.observed_until_date)') }}
    as observed_days

from {{ ref('fct_tenure') }} as tenures
cross join first_quota
left join
    tenures_with_quota as with_quota
    on tenures.person_id = with_quota.person_id
    and tenures.tenure_number = with_quota.tenure_number
left join
    reached_targets as reached
    on tenures.person_id = reached.person_id
    and tenures.tenure_number = reached.tenure_number
    and reached.rank = 1

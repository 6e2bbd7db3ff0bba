{{ config(materialized='view') }}

with

    -- What holds for a member in a period that somebody set targets for: the lowered target of a
    -- new hire, else the full one.
    set_quotas as (

        select
            level,
            member_id,
            period_grain,
            period_start,
            period_end,
            sum(case when quota_kind = 'full' then quota_value end) as full_quota_value,
            sum(case when quota_kind = 'ramped' then quota_value end) as ramped_quota_value

        from {{ ref('fct_quota') }}
        where is_in_force and level <> 'manager'
        group by level, member_id, period_grain, period_start, period_end

    )

select *, coalesce(ramped_quota_value, full_quota_value) as quota_value

from set_quotas

select
    groups.basis,
    groups.period_grain,
    groups.period_start,
    groups.level,
    groups.member_id,
    case
        when groups.is_censored_early
        then censored.median_seconds
        else cast(groups.middle_seconds as double)
    end as median_seconds

from {{ ref('int_lead_response_groups') }} as groups
left join
    {{ ref('int_lead_response_medians_censored') }} as censored
    on groups.basis = censored.basis
    and groups.period_grain = censored.period_grain
    and groups.period_start = censored.period_start
    and groups.level = censored.level
    and groups.member_id = censored.member_id

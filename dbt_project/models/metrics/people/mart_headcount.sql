select
    headcount.period_grain,
    headcount.period_start,
    headcount.period_end,
    headcount.level,
    headcount.member_id,
    coalesce(members.member_name, headcount.member_id) as member_name,
    headcount.basis,

    headcount.opening_headcount,
    headcount.joiners,
    headcount.leavers,
    headcount.closing_headcount,
    {{ ratio('headcount.employed_days', 'headcount.known_days') }} as average_headcount,
    {{ ratio('headcount.fte_days', 'headcount.known_days') }} as average_fte,
    -- Leavers over the average headcount, without rounding in between.
    {{ ratio('headcount.leavers * headcount.known_days', 'headcount.employed_days') }}
    as turnover_rate,
    headcount.transfers_in,
    headcount.transfers_out,
    headcount.rehires,
    cast(headcount.closing_fte as double) as closing_fte,
    headcount.employed_days,
    cast(headcount.fte_days as double) as fte_days,
    headcount.known_days,
    periods.period_label,
    periods.is_running_for_hr as is_running,
    periods.elapsed_business_days_for_hr as elapsed_business_days

from {{ ref('fct_period_headcount') }} as headcount
left join
    {{ ref('dim_member') }} as members
    on headcount.level = members.level
    and headcount.member_id = members.member_id
left join
    {{ ref('dim_period') }} as periods
    on headcount.period_grain = periods.period_grain
    and headcount.period_start = periods.period_start

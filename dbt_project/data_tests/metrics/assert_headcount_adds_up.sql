-- Fails for each period and member whose closing headcount is not the opening one with those who
-- came and without those who went, for each that does not open as the period before closed, and for
-- each level whose members do not add up to the company. If it fails: look at the changes in
-- mart_headcount, and at intervals of a person that overlap.
with

    neighbours as (

        select
            *,
            lag(closing_headcount) over (
                partition by period_grain, level, member_id order by period_start
            ) as previous_closing_headcount,
            lag(period_end) over (
                partition by period_grain, level, member_id order by period_start
            ) as previous_period_end

        from {{ ref('mart_headcount') }}

    ),

    unequal_levels as (

        select period_grain, period_start, level

        from
            (
                select
                    company.period_grain,
                    company.period_start,
                    members.level,
                    max(company.closing_headcount) as closing_headcount,
                    max(company.joiners) as joiners,
                    max(company.leavers) as leavers,
                    sum(members.closing_headcount) as closing_headcounts,
                    sum(members.joiners) as joiner_counts,
                    sum(members.leavers) as leaver_counts

                from {{ ref('mart_headcount') }} as company
                inner join
                    {{ ref('mart_headcount') }} as members
                    on company.period_grain = members.period_grain
                    and company.period_start = members.period_start
                where company.level = 'company' and members.level <> 'company'
                group by company.period_grain, company.period_start, members.level
            ) as levels
        where
            closing_headcount <> closing_headcounts
            or joiners <> joiner_counts
            or leavers <> leaver_counts

    )

select period_grain, period_start, level, member_id

from neighbours
where
    opening_headcount + joiners + transfers_in - leavers - transfers_out <> closing_headcount
    or (
        {{ plus_days('previous_period_end', 1) }} = period_start
        and previous_closing_headcount <> opening_headcount
    )

union all

select period_grain, period_start, level, 'all members' as member_id

from unequal_levels

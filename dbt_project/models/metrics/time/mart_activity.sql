{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set period = ['period_grain', 'period_start', 'period_end'] %}
{%- set members = level_columns(activity_levels()) %}
with

    -- By day first: a company has far fewer days and reps than activities.
    activities_by_day as (

        select
            scheduled_date,
            activity_type,
            {%- for member in members %} {{ member }}, {%- endfor %}
            sum(case when progress = 'made' then 1 else 0 end) as made,
            sum(case when progress = 'overdue' then 1 else 0 end) as overdue,
            count(*) as activities

        from {{ ref('fct_activity') }}
        where progress in ('made', 'planned', 'overdue')
        group by
            scheduled_date, activity_type {%- for member in members %}, {{ member }} {%- endfor %}

    ),

    activities as (

        select
            'restated' as basis,
            days.period_grain,
            days.period_start,
            days.period_end,
            activities_by_day.*

        from activities_by_day
        inner join
            {{ ref('bridge_date_period') }} as days
            on activities_by_day.scheduled_date = days.date_day

    ),

    activities_by_member as (

        {{ rolled_up_by('activities', period + ['activity_type'], {
            'made_activities': 'sum(facts.made)',
            'planned_activities': 'sum(facts.activities - facts.made)',
            'overdue_activities': 'sum(facts.overdue)',
        }, levels=activity_levels(), managers_on='scheduled_date') }}

    ),

    rep_days as (select *, 'restated' as basis from {{ ref('fct_rep_days') }}),

    rep_days_by_member as (

        {{ rolled_up_by('rep_days', period, {
            'rep_days': 'sum(facts.rep_days)',
        }, levels=activity_levels(), managers_on='managers_since_date') }}

    ),

    -- A win counts where its owner's activities do, also where the deal has a territory of its own.
    wins as (

        select 'restated' as basis, days.period_grain, days.period_start, days.period_end, wins.*

        from {{ ref('fct_win') }} as wins
        inner join {{ ref('bridge_date_period') }} as days on wins.closed_date = days.date_day

    ),

    wins_by_member as (

        {{ rolled_up_by('wins', period, {
            'won_deals': 'count(*)',
        }, levels=activity_levels(), managers_on='closed_date') }}

    )

select
    by_member.period_grain,
    by_member.period_start,
    by_member.period_end,
    by_member.level,
    by_member.member_id,
    coalesce(members.member_name, by_member.member_id) as member_name,
    by_member.basis,
    by_member.activity_type,

    cast(by_member.made_activities as bigint) as made_activities,
    cast(by_member.planned_activities as bigint) as planned_activities,
    cast(by_member.overdue_activities as bigint) as overdue_activities,
    {{ ratio(
        'by_member.overdue_activities', 'by_member.made_activities + by_member.overdue_activities'
    ) }} as overdue_share,
    {{ ratio('by_member.made_activities', 'rep_days_by_member.rep_days') }}
    as activities_per_rep_day,
    {{ ratio('by_member.made_activities', 'wins_by_member.won_deals') }} as activities_per_won_deal,
    cast(coalesce(rep_days_by_member.rep_days, 0) as bigint) as rep_days,
    coalesce(wins_by_member.won_deals, 0) as won_deals,
    periods.period_label,
    periods.is_running,
    periods.elapsed_business_days

from activities_by_member as by_member
left join
    rep_days_by_member
    on by_member.period_grain = rep_days_by_member.period_grain
    and by_member.period_start = rep_days_by_member.period_start
    and by_member.level = rep_days_by_member.level
    and by_member.member_id = rep_days_by_member.member_id
left join
    wins_by_member
    on by_member.period_grain = wins_by_member.period_grain
    and by_member.period_start = wins_by_member.period_start
    and by_member.level = wins_by_member.level
    and by_member.member_id = wins_by_member.member_id
left join
    {{ ref('dim_member') }} as members
    on by_member.level = members.level
    and by_member.member_id = members.member_id
left join
    {{ ref('dim_period') }} as periods
    on by_member.period_grain = periods.period_grain
    and by_member.period_start = periods.period_start

with

    closings as (

        select
            opportunity_id,
            episode,
            sales_rep_id as owner_id,
            product_id,
            closed_date,
            is_won,
            opportunity_value

        from {{ ref('fct_opportunity') }}
        where is_closed and not is_excluded

    ),

    -- A deal can go from won to lost without having been open in between: that is one closing,
    -- which ended as lost, and still a win that commission was earned by.
    ranked_turned_wins as (

        select
            versions.opportunity_id,
            versions.episode,
            {{ or_unknown('versions.attributed_owner_id') }} as owner_id,
            versions.product_id,
            versions.closed_date,
            versions.is_won,
            versions.opportunity_value,
            versions.valid_to_date as turned_date,
            row_number() over (
                partition by versions.opportunity_id, versions.episode
                order by versions.version_number desc
            ) as rank

        from {{ ref('int_opportunity_versions_valued') }} as versions
        inner join
            closings
            on versions.opportunity_id = closings.opportunity_id
            and versions.episode = closings.episode
        where versions.is_closed and versions.is_won and not closings.is_won

    ),

    turned_wins as (select * from ranked_turned_wins where rank = 1),

    decisions as (

        select
            opportunity_id,
            episode,
            1 as rank,
            owner_id,
            product_id,
            closed_date,
            is_won,
            opportunity_value

        from turned_wins

        union all

        select
            closings.opportunity_id,
            closings.episode,
            2 as rank,
            closings.owner_id,
            closings.product_id,
            -- The CRM may have kept the closing date of the win.
            case
                when closings.closed_date <= turned_wins.closed_date
                then turned_wins.turned_date
                else closings.closed_date
            end as closed_date,
            closings.is_won,
            closings.opportunity_value

        from closings
        left join
            turned_wins
            on closings.opportunity_id = turned_wins.opportunity_id
            and closings.episode = turned_wins.episode

    ),

    linked_decisions as (

        select
            *,
            lead(closed_date) over deal as next_closed_date,
            lead(is_won) over deal as is_won_next,
            min(case when is_won then closed_date end) over (
                partition by opportunity_id
                order by episode, rank
                rows between 1 following and unbounded following
            ) as won_again_date

        from decisions
        window deal as (partition by opportunity_id order by episode, rank)

    ),

    split_deals as (

        select distinct opportunity_id from {{ ref('stg_payroll__opportunity_splits') }}

    ),

    credited_wins as (

        select
            wins.opportunity_id,
            wins.episode,
            wins.owner_id as sales_rep_id,
            wins.product_id,
            wins.closed_date as won_date,
            wins.next_closed_date,
            wins.is_won_next,
            wins.won_again_date,
            wins.opportunity_value,
            cast(1 as decimal(9, 6)) as split_share

        from linked_decisions as wins
        left join split_deals on wins.opportunity_id = split_deals.opportunity_id
        where wins.is_won and split_deals.opportunity_id is null

        union all

        select
            wins.opportunity_id,
            wins.episode,
            splits.user_id as sales_rep_id,
            wins.product_id,
            wins.closed_date as won_date,
            wins.next_closed_date,
            wins.is_won_next,
            wins.won_again_date,
            wins.opportunity_value,
            splits.split_share

        from linked_decisions as wins
        inner join
            {{ ref('stg_payroll__opportunity_splits') }} as splits
            on wins.opportunity_id = splits.opportunity_id
        where wins.is_won

    ),

    people as (

        select
            accounts.system_person_id as sales_rep_id,
            accounts.person_id,
            accounts.person_key,
            people.employee_id

        from {{ ref('bridge_person') }} as accounts
        inner join {{ ref('dim_person') }} as people on accounts.person_id = people.person_id
        where accounts.system_name = 'crm'

    ),

    employments as (

        select person_id, min(valid_from_date) as first_day

        from {{ ref('int_employments') }}
        group by person_id

    ),

    planned_wins as (

        select
            wins.*,
            people.person_id,
            people.person_key,
            people.employee_id,
            assignments.plan_id,
            plans.plan_version,
            plans.period_grain,
            plans.clawback_days,
            case
                when people.person_id is null
                then 'unknown_seller'
                when wins.opportunity_value is null
                then 'no_value'
                when wins.won_date < employments.first_day
                then 'before_hire'
                when employments.person_id is not null and employments_then.person_id is null
                then 'after_exit'
                when people.employee_id is null
                then 'no_employee'
                when assignments.plan_id is null
                then 'no_plan'
                when plans.plan_id is null
                then 'no_version'
                when plans.tiers = 0
                then 'no_tiers'
            end as problem

        from credited_wins as wins
        left join people on wins.sales_rep_id = people.sales_rep_id
        left join employments on people.person_id = employments.person_id
        left join
            {{ ref('int_employments') }} as employments_then
            on people.person_id = employments_then.person_id
            and wins.won_date >= employments_then.valid_from_date
            and wins.won_date < employments_then.valid_to_date
        left join
            {{ ref('int_plan_assignments_held') }} as assignments
            on people.person_id = assignments.person_id
            and wins.won_date >= assignments.valid_from_date
            and wins.won_date < assignments.valid_to_date
        left join
            {{ ref('dim_compensation_plan') }} as plans
            on assignments.plan_id = plans.plan_id
            and wins.won_date >= plans.valid_from_date
            and wins.won_date < plans.valid_to_date

    ),

    -- Accounts of one person in two systems can tell one employment twice.
    distinct_wins as (

        select
            *,
            row_number() over (
                partition by opportunity_id, episode, sales_rep_id order by plan_id
            ) as rank

        from planned_wins

    ),

    followed_wins as (

        select
            *,
            case
                when
                    not is_won_next
                    and {{ days_between('won_date', 'next_closed_date') }} <= clawback_days
                then 'clawback'
                when won_again_date is not null
                then 'rebooking'
            end as taken_back_by

        from distinct_wins
        where rank = 1

    ),

    dated_wins as (

        select
            *,
            case
                taken_back_by
                when 'clawback'
                then next_closed_date
                when 'rebooking'
                then won_again_date
            end as taken_back_date

        from followed_wins

    ),

    -- What is taken back before its plan period is over was not sold in it.
    settled_wins as (

        select
            wins.*,
            coalesce(
                {{ period_around('wins.period_grain', 'won', 'start') }}
                = {{ period_around('wins.period_grain', 'taken_back', 'start') }},
                false
            ) as is_taken_back_at_once

        from dated_wins as wins
        left join {{ ref('dim_date') }} as won on wins.won_date = won.date_day
        left join {{ ref('dim_date') }} as taken_back on wins.taken_back_date = taken_back.date_day

    ),

    -- Whether a win did not last for those who earn by it; empty where nobody can.
    deal_wins as (

        select
            opportunity_id,
            episode,
            max(won_date) as won_date,
            max(next_closed_date) as lost_date,
            max(case when is_won_next then 1 else 0 end) = 1 as is_won_next,
            min(
                case when taken_back_by = 'clawback' then 1 when problem is null then 0 end
            ) as is_clawed_back

        from followed_wins
        group by opportunity_id, episode

    ),

    -- What became of each later win, for the rep of the earlier one: one that was won once more
    -- lets the next one say. Where nobody earns by it, the window of the earlier win decides.
    later_wins as (

        select
            wins.opportunity_id,
            wins.episode,
            wins.sales_rep_id,
            later.episode as later_episode,
            later.won_date as later_won_date,
            later.lost_date as later_lost_date,
            not wins.is_won_next as is_earned_for_good,
            case
                when later.is_won_next
                then 'won_again'
                when own.taken_back_by = 'clawback'
                then 'taken_back'
                when own.opportunity_id is not null
                then 'kept'
                when later.is_clawed_back = 1
                then 'taken_back'
                when later.is_clawed_back = 0
                then 'kept'
                when {{ days_between('later.won_date', 'later.lost_date') }} <= wins.clawback_days
                then 'taken_back'
                else 'kept'
            end as became

        from settled_wins as wins
        inner join
            deal_wins as later
            on wins.opportunity_id = later.opportunity_id
            and wins.episode < later.episode
        left join
            followed_wins as own
            on later.opportunity_id = own.opportunity_id
            and later.episode = own.episode
            and wins.sales_rep_id = own.sales_rep_id
            and own.problem is null
        where wins.taken_back_by = 'rebooking' and not wins.is_taken_back_at_once

    ),

    followed_later_wins as (

        select
            *,
            lag(became) over (
                partition by opportunity_id, episode, sales_rep_id order by later_episode
            ) as became_before,
            max(case when became = 'kept' then 1 else 0 end) over (
                partition by opportunity_id, episode, sales_rep_id
                order by later_episode
                rows between unbounded preceding and 1 preceding
            ) as was_one_kept

        from later_wins

    ),

    -- A win gives way to the next one. If it had been lost after its window only, it was earned for
    -- good, and is given back each time a later win does not last, until one does.
    later_changes as (

        select
            *,
            became_before is null or became_before = 'taken_back' as is_rebooked,
            is_earned_for_good and became = 'taken_back' as is_reinstated

        from followed_later_wins
        where became_before is null or (is_earned_for_good and was_one_kept = 0)

    ),

    credits as (

        {% set columns = [
        'opportunity_id', 'episode', 'sales_rep_id', 'person_id', 'person_key', 'employee_id',
        'product_id', 'won_date', 'opportunity_value', 'split_share', 'plan_id', 'plan_version',
        'period_grain',
    ] %}
        select
            {{ columns | join(',\n        ') }},
            coalesce(problem, case when is_taken_back_at_once then 'taken_back' end) as problem,
            'win' as credit_kind,
            episode as decided_episode,
            won_date as credit_date,
            {{ shared_value('opportunity_value', 'split_share') }} as credit_value

        from settled_wins

        union all

        select
            {{ columns | join(',\n        ') }},
            problem,
            'clawback' as credit_kind,
            episode as decided_episode,
            next_closed_date as credit_date,
            -{{ shared_value('opportunity_value', 'split_share') }} as credit_value

        from settled_wins
        where taken_back_by = 'clawback' and not is_taken_back_at_once
        {% for kind, sign, date_column, condition in [
        ('rebooking', '-', 'later_won_date', 'is_rebooked'),
        ('reinstatement', '', 'later_lost_date', 'is_reinstated'),
    ] %}
            union all

            select
                {{ prefixed('wins', columns) }},
                wins.problem,
                '{{ kind }}' as credit_kind,
                changes.later_episode as decided_episode,
                changes.{{ date_column }} as credit_date,
                {{ sign }}{{ shared_value('wins.opportunity_value', 'wins.split_share') }}
                as credit_value

            from later_changes as changes
            inner join
                settled_wins as wins
                on changes.opportunity_id = wins.opportunity_id
                and changes.episode = wins.episode
                and changes.sales_rep_id = wins.sales_rep_id
            where changes.{{ condition }}
        {% endfor %}
    )

select
    {{ surrogate_key('credits.opportunity_id', ['credits.episode']) }}
    || '#'
    || credits.credit_kind
    || '#'
    || credits.sales_rep_id
    || case
        when credits.decided_episode > credits.episode
        then '#' || cast(credits.decided_episode as string)
        else ''
    end as credit_id,
    {{ surrogate_key('credits.opportunity_id', ['credits.episode']) }} as opportunity_key,
    credits.opportunity_id,
    credits.episode,
    credits.credit_kind,
    credits.sales_rep_id,
    credits.person_id,
    credits.person_key,
    credits.employee_id,
    credits.product_id,
    credits.won_date,
    credits.credit_date,
    credits.opportunity_value,
    credits.split_share,
    credits.credit_value,
    credits.plan_id,
    credits.plan_version,
    credits.period_grain as plan_period_grain,
    {{ period_around('credits.period_grain', 'calendar', 'start') }} as plan_period_start,
    {{ period_around('credits.period_grain', 'calendar', 'end') }} as plan_period_end,
    credits.problem

from credits
left join {{ ref('dim_date') }} as calendar on credits.credit_date = calendar.date_day

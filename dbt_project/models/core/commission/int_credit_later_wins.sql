{{ config(materialized='view') }}

with

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

        from {{ ref('int_credit_follow_ups') }}
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

        from {{ ref('int_credit_follow_ups') }} as wins
        inner join
            deal_wins as later
            on wins.opportunity_id = later.opportunity_id
            and wins.episode < later.episode
        left join
            {{ ref('int_credit_follow_ups') }} as own
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

    )

-- A win gives way to the next one. If it had been lost after its window only, it was earned for
-- good, and is given back each time a later win does not last, until one does.
select
    opportunity_id,
    episode,
    sales_rep_id,
    later_episode,
    later_won_date,
    later_lost_date,
    became_before is null or became_before = 'taken_back' as is_rebooked,
    is_earned_for_good and became = 'taken_back' as is_reinstated

from followed_later_wins
where became_before is null or (is_earned_for_good and was_one_kept = 0)

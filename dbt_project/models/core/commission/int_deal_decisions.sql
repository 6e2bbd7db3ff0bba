{{ config(materialized='view') }}

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
            1 as decision_number,
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
            2 as decision_number,
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

    )

select
    opportunity_id,
    episode,
    decision_number,
    owner_id,
    product_id,
    closed_date,
    is_won,
    opportunity_value,
    lead(closed_date) over deal as next_closed_date,
    lead(is_won) over deal as is_won_next,
    min(case when is_won then closed_date end) over (
        partition by opportunity_id
        order by episode, decision_number
        rows between 1 following and unbounded following
    ) as won_again_date

from decisions
window deal as (partition by opportunity_id order by episode, decision_number)

with

    claims as (

        select claims.*, claims.cutoff_date = warehouse.as_of_date as is_as_of_now

        from {{ ref('int_lead_deal_claims') }} as claims
        cross join {{ ref('dim_as_of') }} as warehouse

    ),

    -- Until the history of a state was recorded, it was known as the extract showed it.
    deal_states as (

        select
            opportunity_id,
            valid_from,
            valid_from_date,
            case when is_recorded_late then recorded_date end as known_late_date,
            closed_date,
            is_won,
            is_excluded,
            opportunity_value

        from {{ ref('fct_opportunity_version') }}

        union all

        select
            versions.opportunity_id,
            versions.valid_from,
            versions.valid_from_date,
            versions.first_known_date as known_late_date,
            shown_versions.shown_closed_date as closed_date,
            versions.is_won,
            versions.is_excluded,
            shown_versions.shown_value as opportunity_value

        from {{ ref('fct_opportunity_version') }} as versions
        inner join
            {{ ref('int_opportunity_late_versions_shown') }} as shown_versions
            on versions.opportunity_version_key = shown_versions.opportunity_version_key

    ),

    deals_then as (

        select
            claims.*,
            states.closed_date,
            states.is_won,
            states.is_excluded,
            states.opportunity_value,
            row_number() over (
                partition by claims.lead_id, claims.cutoff_date, claims.opportunity_id
                order by states.valid_from desc, states.known_late_date desc
            ) as recency

        from claims
        inner join
            deal_states as states
            on claims.opportunity_id = states.opportunity_id
            and claims.cutoff_date >= states.valid_from_date
            and coalesce(claims.cutoff_date >= states.known_late_date, true)
        where not claims.is_as_of_now

    ),

    known_deals as (

        select
            lead_id,
            cutoff_date,
            created_date,
            opportunity_id,
            is_first_deal,
            is_first_claim,
            closed_date,
            is_won,
            opportunity_value

        from deals_then
        where recency = 1 and not is_excluded

        union all

        select
            claims.lead_id,
            claims.cutoff_date,
            claims.created_date,
            claims.opportunity_id,
            claims.is_first_deal,
            claims.is_first_claim,
            deals.closed_date,
            deals.is_won,
            deals.opportunity_value

        from claims
        inner join
            {{ ref('fct_opportunity') }} as deals on claims.opportunity_id = deals.opportunity_id
        where claims.is_as_of_now and deals.is_last_episode and not deals.is_excluded

    ),

    -- What was won before its lead came was not won by it.
    won_deals as (

        select *, is_won and coalesce(closed_date >= created_date, true) as is_won_by_lead

        from known_deals

    )

select
    lead_id,
    cutoff_date,
    coalesce(
        max(case when is_first_deal then opportunity_id end), min(opportunity_id)
    ) as opportunity_id,
    max(case when is_won_by_lead then 1 else 0 end) = 1 as is_won,
    min(case when is_won_by_lead then closed_date end) as won_date,
    cast(
        sum(case when is_won_by_lead and is_first_claim then opportunity_value end) as decimal(
            18, 2
        )
    ) as won_value

from won_deals
group by lead_id, cutoff_date

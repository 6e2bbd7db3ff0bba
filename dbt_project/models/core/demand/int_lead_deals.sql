with

    leads as (

        select
            states.lead_id,
            states.cutoff_date,
            states.created_date,
            states.converted_opportunity_id as opportunity_id,
            states.cutoff_date = warehouse.as_of_date as is_as_of_now

        from {{ ref('int_lead_states_timed') }} as states
        cross join {{ ref('dim_as_of') }} as warehouse
        where states.is_converted and states.converted_opportunity_id is not null

    ),

    creations as (

        select lead_id, min(created_date) as created_date

        from {{ ref('int_lead_versions') }}
        group by lead_id

    ),

    -- Who names the deal by then, by the lead that each person counts as. A lead that names it and
    -- is not marked as converted is one of them: a status may say that it was.
    rivals as (

        select distinct
            leads.lead_id,
            leads.cutoff_date,
            coalesce(persons.kept_lead_id, others.lead_id) as rival_lead_id

        from leads
        inner join
            {{ ref('int_lead_versions') }} as others
            on leads.opportunity_id = others.converted_opportunity_id
            and leads.cutoff_date >= others.known_from_date
            and leads.cutoff_date < others.known_to_date
        left join
            {{ ref('int_lead_merges') }} as persons
            on others.lead_id = persons.lead_id
            and leads.cutoff_date >= persons.known_from_date
            and leads.cutoff_date < persons.known_to_date
        where not others.is_excluded

    ),

    -- Two inquiries of one customer can become one deal. With each of them its worth would count
    -- again.
    later_leads as (

        select distinct rivals.lead_id, rivals.cutoff_date

        from rivals
        inner join creations as own on rivals.lead_id = own.lead_id
        inner join creations as others on rivals.rival_lead_id = others.lead_id
        where
            others.created_date < own.created_date
            or (others.created_date = own.created_date and others.lead_id < own.lead_id)

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
            leads.lead_id,
            leads.cutoff_date,
            states.closed_date,
            states.is_won,
            states.is_excluded,
            states.opportunity_value,
            row_number() over (
                partition by leads.lead_id, leads.cutoff_date
                order by states.valid_from desc, states.known_late_date desc
            ) as recency

        from leads
        inner join
            deal_states as states
            on leads.opportunity_id = states.opportunity_id
            and leads.cutoff_date >= states.valid_from_date
            and coalesce(leads.cutoff_date >= states.known_late_date, true)
        where not leads.is_as_of_now

    ),

    known_deals as (

        select lead_id, cutoff_date, closed_date, is_won, opportunity_value

        from deals_then
        where recency = 1 and not is_excluded

        union all

        select
            leads.lead_id,
            leads.cutoff_date,
            deals.closed_date,
            deals.is_won,
            deals.opportunity_value

        from leads
        inner join
            {{ ref('fct_opportunity') }} as deals on leads.opportunity_id = deals.opportunity_id
        where leads.is_as_of_now and deals.is_last_episode and not deals.is_excluded

    ),

    -- What was won before its lead came was not won by it.
    won_deals as (

        select
            leads.*,
            deals.closed_date,
            deals.opportunity_value,
            deals.is_won and coalesce(deals.closed_date >= leads.created_date, true) as is_won

        from leads
        inner join
            known_deals as deals
            on leads.lead_id = deals.lead_id
            and leads.cutoff_date = deals.cutoff_date

    )

select
    deals.lead_id,
    deals.cutoff_date,
    deals.opportunity_id,
    deals.is_won,
    case when deals.is_won then deals.closed_date end as won_date,
    case
        when deals.is_won and later_leads.lead_id is null then deals.opportunity_value
    end as won_value

from won_deals as deals
left join
    later_leads
    on deals.lead_id = later_leads.lead_id
    and deals.cutoff_date = later_leads.cutoff_date

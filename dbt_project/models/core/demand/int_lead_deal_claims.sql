{{ config(materialized='view') }}
with

    converted_leads as (

        select lead_id, cutoff_date, created_date, converted_opportunity_id as first_opportunity_id

        from {{ ref('int_lead_states_timed') }}
        where is_converted

    ),

    -- What a person's later leads became, the person became too.
    leads_of_persons as (

        select *, lead_id as naming_lead_id
        from converted_leads

        union all

        select leads.*, persons.lead_id as naming_lead_id

        from converted_leads as leads
        inner join
            {{ ref('int_lead_merges') }} as persons
            on leads.lead_id = persons.kept_lead_id
            and leads.cutoff_date >= persons.known_from_date
            and leads.cutoff_date < persons.known_to_date

    ),

    deals_named as (

        select distinct
            leads.lead_id,
            leads.cutoff_date,
            leads.created_date,
            leads.first_opportunity_id,
            versions.converted_opportunity_id as opportunity_id

        from leads_of_persons as leads
        inner join
            {{ ref('int_lead_versions') }} as versions
            on leads.naming_lead_id = versions.lead_id
            and leads.cutoff_date >= versions.known_from_date
            and leads.cutoff_date < versions.known_to_date
        where versions.converted_opportunity_id is not null and not versions.is_excluded

    ),

    -- Who else names the deal by then, by the lead that each person counts as.
    rivals as (

        select distinct
            deals_named.lead_id,
            deals_named.cutoff_date,
            deals_named.opportunity_id,
            coalesce(persons.kept_lead_id, others.lead_id) as rival_lead_id

        from deals_named
        inner join
            {{ ref('int_lead_versions') }} as others
            on deals_named.opportunity_id = others.converted_opportunity_id
            and deals_named.cutoff_date >= others.known_from_date
            and deals_named.cutoff_date < others.known_to_date
        left join
            {{ ref('int_lead_merges') }} as persons
            on others.lead_id = persons.lead_id
            and deals_named.cutoff_date >= persons.known_from_date
            and deals_named.cutoff_date < persons.known_to_date
        where not others.is_excluded

    ),

    creations as (

        select lead_id, min(created_date) as created_date

        from {{ ref('int_lead_versions') }}
        group by lead_id

    ),

    -- Two inquiries of one customer can become one deal. With each of them its worth would count
    -- again. Whoever names a deal and had not become one by then would take its worth away.
    claimed_before as (

        select distinct rivals.lead_id, rivals.cutoff_date, rivals.opportunity_id

        from rivals
        inner join creations as own on rivals.lead_id = own.lead_id
        inner join creations as others on rivals.rival_lead_id = others.lead_id
        inner join
            {{ ref('int_lead_milestones') }} as conversions
            on rivals.rival_lead_id = conversions.lead_id
            and rivals.cutoff_date >= conversions.known_from_date
            and rivals.cutoff_date < conversions.known_to_date
        where
            conversions.milestone = 'converted'
            and coalesce(
                conversions.event_date between others.created_date and rivals.cutoff_date, true
            )
            and (
                others.created_date < own.created_date
                or (others.created_date = own.created_date and others.lead_id < own.lead_id)
            )

    )

select
    deals_named.lead_id,
    deals_named.cutoff_date,
    deals_named.created_date,
    deals_named.opportunity_id,
    coalesce(deals_named.opportunity_id = deals_named.first_opportunity_id, false) as is_first_deal,
    claimed_before.lead_id is null as is_first_claim

from deals_named
left join
    claimed_before
    on deals_named.lead_id = claimed_before.lead_id
    and deals_named.cutoff_date = claimed_before.cutoff_date
    and deals_named.opportunity_id = claimed_before.opportunity_id

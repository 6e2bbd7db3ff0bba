with

    merged_records as (select * from {{ ref('int_prospect_merges') }}),

    contacts as (

        select
            contacts.contact_id,
            coalesce(merged_records.kept_id, contacts.contact_id) as kept_contact_id,
            contacts.account_id,
            contacts.created_at,
            contacts.created_date

        from {{ ref('stg_crm__contacts') }} as contacts
        left join
            merged_records
            on merged_records.record_kind = 'contact'
            and contacts.contact_id = merged_records.record_id

    ),

    leads as (

        select
            leads.lead_id,
            coalesce(merged_records.kept_id, leads.lead_id) as kept_lead_id,
            coalesce(leads.converted_contact_id, leads.contact_id) as contact_id,
            coalesce(leads.converted_account_id, leads.account_id) as account_id,
            leads.converted_opportunity_id,
            -- What the CRM merged is told by the lead that stayed.
            case
                when
                    leads.merged_into_id is null
                    and not coalesce(leads.is_duplicate, false)
                    and not coalesce(leads.is_deleted, false)
                then leads.campaign_id
            end as campaign_id,
            leads.created_at,
            leads.created_date

        from {{ ref('stg_crm__leads') }} as leads
        left join
            merged_records
            on merged_records.record_kind = 'lead'
            and leads.lead_id = merged_records.record_id

    ),

    -- A contact that no extract shows is known by the leads that became it.
    named_contacts as (

        select leads.contact_id, max(leads.account_id) as account_id

        from leads
        left join contacts on leads.contact_id = contacts.contact_id
        where leads.contact_id is not null and contacts.contact_id is null
        group by leads.contact_id

    ),

    leads_with_contacts as (

        select
            leads.lead_id,
            leads.kept_lead_id,
            coalesce(kept_leads.contact_id, leads.contact_id) as named_contact_id,
            coalesce(kept_leads.account_id, leads.account_id) as account_id,
            -- Who became a second deal led to both.
            coalesce(
                leads.converted_opportunity_id, kept_leads.converted_opportunity_id
            ) as converted_opportunity_id,
            leads.campaign_id,
            leads.created_at,
            leads.created_date

        from leads
        left join leads as kept_leads on leads.kept_lead_id = kept_leads.lead_id

    ),

    prospects as (

        select
            'lead' as record_kind,
            leads.lead_id as record_id,
            leads.kept_lead_id as lead_id,
            coalesce(contacts.kept_contact_id, leads.named_contact_id) as contact_id,
            coalesce(contacts.account_id, leads.account_id) as account_id,
            leads.converted_opportunity_id,
            leads.campaign_id,
            leads.created_at,
            leads.created_date

        from leads_with_contacts as leads
        left join contacts on leads.named_contact_id = contacts.contact_id

        union all

        select
            'contact' as record_kind,
            contact_id as record_id,
            cast(null as string) as lead_id,
            kept_contact_id as contact_id,
            account_id,
            cast(null as string) as converted_opportunity_id,
            cast(null as string) as campaign_id,
            created_at,
            created_date

        from contacts

        union all

        select
            'contact' as record_kind,
            contact_id as record_id,
            cast(null as string) as lead_id,
            contact_id,
            account_id,
            cast(null as string) as converted_opportunity_id,
            cast(null as string) as campaign_id,
            cast(null as timestamp) as created_at,
            cast(null as date) as created_date

        from named_contacts

    ),

    keyed_prospects as (

        select
            prospects.*,
            coalesce(
                'contact#' || prospects.contact_id, 'lead#' || prospects.lead_id
            ) as prospect_key,
            {{ latest_moment(
                'prospects.created_at', 'prospects.created_date', 'settings.time_zone'
            ) }} as known_at,
            {{ reported_date('prospects.created_at', 'settings.time_zone') }} as created_at_date,
            settings.time_zone

        from prospects
        cross join {{ ref('stg_company__settings') }} as settings

    )

select
    record_kind,
    record_id,
    prospect_key,
    -- The lead that became a contact was first to be known of the person.
    coalesce(lead_id, {{ first_known('lead_id', 'of_person') }}) as lead_id,
    contact_id,
    account_id,
    converted_opportunity_id,
    campaign_id,
    {{ time_of_day_known('created_at', 'created_at_date', 'time_zone') }} as created_at,
    coalesce(created_at_date, created_date) as created_date

from keyed_prospects
window
    of_person as (
        partition by prospect_key
        order by known_at asc nulls last, lead_id asc nulls last
        rows between unbounded preceding and unbounded following
    )

with

    contacts as (

        select
            contact_id,
            coalesce(merged_into_id, contact_id) as kept_contact_id,
            account_id,
            created_at,
            created_date

        from {{ ref('stg_crm__contacts') }}

    ),

    leads as (

        select
            lead_id,
            coalesce(merged_into_id, lead_id) as kept_lead_id,
            coalesce(converted_contact_id, contact_id) as contact_id,
            coalesce(converted_account_id, account_id) as account_id,
            converted_opportunity_id,
            created_at,
            created_date

        from {{ ref('stg_crm__leads') }}

    ),

    leads_with_contacts as (

        select
            leads.lead_id,
            leads.kept_lead_id,
            coalesce(kept_leads.contact_id, leads.contact_id) as named_contact_id,
            coalesce(kept_leads.account_id, leads.account_id) as account_id,
            coalesce(
                kept_leads.converted_opportunity_id, leads.converted_opportunity_id
            ) as converted_opportunity_id,
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
            created_at,
            created_date

        from contacts

    )

select
    prospects.record_kind,
    prospects.record_id,
    coalesce('contact#' || prospects.contact_id, 'lead#' || prospects.lead_id) as prospect_key,
    -- The lead that became a contact was first to be known of the person.
    coalesce(
        prospects.lead_id, min(prospects.lead_id) over (partition by prospects.contact_id)
    ) as lead_id,
    prospects.contact_id,
    prospects.account_id,
    prospects.converted_opportunity_id,
    {{ time_of_day_known(
        'prospects.created_at',
        business_date('prospects.created_at', 'settings.time_zone'),
        'settings.time_zone'
    ) }} as created_at,
    coalesce(
        {{ business_date('prospects.created_at', 'settings.time_zone') }}, prospects.created_date
    ) as created_date

from prospects
cross join {{ ref('stg_company__settings') }} as settings

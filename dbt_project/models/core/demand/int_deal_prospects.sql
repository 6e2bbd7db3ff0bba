with

    prospects as (

        select
            prospects.*,
            {{ latest_moment(
                'prospects.created_at', 'prospects.created_date', 'settings.time_zone'
            ) }} as known_at

        from {{ ref('int_prospects') }} as prospects
        cross join {{ ref('stg_company__settings') }} as settings

    ),

    named as (

        select converted_opportunity_id as opportunity_id, prospect_key

        from prospects
        where converted_opportunity_id is not null

        union distinct

        select people.opportunity_id, prospects.prospect_key

        from {{ ref('stg_crm__opportunity_contacts') }} as people
        inner join
            prospects
            on prospects.record_kind = 'contact'
            and people.contact_id = prospects.record_id

    ),

    -- A contact may have been entered years before the lead that this deal began with.
    first_known as (

        select
            prospect_key,
            min(case when record_kind = 'lead' then known_at end) as lead_created_at,
            min(case when record_kind = 'contact' then known_at end) as contact_created_at

        from prospects
        group by prospect_key

    ),

    first_converted as (

        select
            converted_opportunity_id as opportunity_id,
            prospect_key,
            min(known_at) as converted_lead_created_at

        from prospects
        where converted_opportunity_id is not null
        group by converted_opportunity_id, prospect_key

    )

select
    named.opportunity_id,
    named.prospect_key,
    first_converted.converted_lead_created_at,
    first_known.lead_created_at,
    first_known.contact_created_at

from named
left join first_known on named.prospect_key = first_known.prospect_key
left join
    first_converted
    on named.opportunity_id = first_converted.opportunity_id
    and named.prospect_key = first_converted.prospect_key

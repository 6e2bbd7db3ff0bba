with

    prospects as (select * from {{ ref('int_prospects') }}),

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

    -- A person is known from the first lead or contact on that stands for them.
    first_known as (

        select
            prospects.prospect_key,
            min(
                {{ latest_moment(
                    'prospects.created_at', 'prospects.created_date', 'settings.time_zone'
                ) }}
            ) as created_at

        from prospects
        cross join {{ ref('stg_company__settings') }} as settings
        group by prospects.prospect_key

    )

select named.opportunity_id, named.prospect_key, first_known.created_at

from named
left join first_known on named.prospect_key = first_known.prospect_key

with

    sources_used as (

        select
            {{ or_unknown('lead_source') }} as lead_source,
            count(*) as uses,
            1 as used_by_leads,
            0 as used_by_deals,
            min(created_date) as first_seen_date,
            max(created_date) as last_seen_date

        from {{ ref('int_lead_versions') }}
        group by {{ or_unknown('lead_source') }}

        union all

        select
            lead_source,
            count(*) as uses,
            0 as used_by_leads,
            1 as used_by_deals,
            min(created_date) as first_seen_date,
            max(created_date) as last_seen_date

        from {{ ref('fct_opportunity') }}
        group by lead_source

        union all

        -- A deal may have named another before.
        select
            lead_source,
            0 as uses,
            0 as used_by_leads,
            1 as used_by_deals,
            cast(null as date) as first_seen_date,
            cast(null as date) as last_seen_date

        from {{ ref('fct_opportunity_version') }}
        group by lead_source

        union all

        select
            'unknown' as lead_source,
            0 as uses,
            0 as used_by_leads,
            0 as used_by_deals,
            cast(null as date) as first_seen_date,
            cast(null as date) as last_seen_date

    ),

    sources as (

        select
            lead_source,
            {{ normalised_text('lead_source') }} as normalised_source,
            sum(uses) as uses,
            max(used_by_leads) = 1 as is_used_by_leads,
            max(used_by_deals) = 1 as is_used_by_deals,
            min(first_seen_date) as first_seen_date,
            max(last_seen_date) as last_seen_date

        from sources_used
        group by lead_source

    )

select
    lead_source,
    case
        when normalised_source = 'unknown'
        then 'Unknown'
        else {{ first_known('lead_source', 'spellings') }}
    end as lead_source_name,
    is_used_by_leads,
    is_used_by_deals,
    first_seen_date,
    last_seen_date

from sources
window spellings as (partition by normalised_source order by uses desc, lead_source asc)

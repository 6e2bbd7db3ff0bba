with

    visits as (

        select visits.*, counted_deals.excluded_date

        from {{ ref('fct_stage_visit') }} as visits
        inner join
            {{ ref('int_stage_deals_counted') }} as counted_deals
            on visits.opportunity_id = counted_deals.opportunity_id

    )

    {{ stage_outcomes('visits') }}

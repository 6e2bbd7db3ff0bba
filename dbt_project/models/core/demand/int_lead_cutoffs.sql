{{ config(materialized=shared_view()) }}
with

    settings as (select time_zone from {{ ref('stg_company__settings') }}),

    frozen_periods as (

        select
            periods.period_grain,
            periods.period_start,
            periods.frozen_date,
            {{ end_of_day('periods.frozen_date', 'settings.time_zone') }} as frozen_at

        from {{ ref('dim_period') }} as periods
        cross join settings
        where periods.is_frozen and periods.period_grain <> 'week'

    ),

    -- A day is looked at as of now, and as of the freeze of each period that it is in. The newest
    -- extract can show less than the whole of its day.
    cutoffs as (

        select
            days.date_day,
            periods.frozen_date as cutoff_date,
            least(periods.frozen_at, warehouse.as_of_at) as cutoff_at

        from {{ ref('bridge_date_period') }} as days
        inner join
            frozen_periods as periods
            on days.period_grain = periods.period_grain
            and days.period_start = periods.period_start
        cross join {{ ref('dim_as_of') }} as warehouse
        where periods.frozen_date < warehouse.as_of_date

        union distinct

        select
            days.date_day,
            warehouse.as_of_date as cutoff_date,
            least(
                {{ end_of_day('warehouse.as_of_date', 'settings.time_zone') }}, warehouse.as_of_at
            ) as cutoff_at

        from {{ ref('dim_date') }} as days
        cross join {{ ref('dim_as_of') }} as warehouse
        cross join settings

    ),

    -- Whoever is known by then to be another lead's person counts as that one.
    counted_leads as (

        select versions.*, cutoffs.cutoff_date, cutoffs.cutoff_at

        from {{ ref('int_lead_versions') }} as versions
        inner join cutoffs on versions.created_date = cutoffs.date_day
        left join
            {{ ref('int_lead_merges') }} as persons
            on versions.lead_id = persons.lead_id
            and cutoffs.cutoff_date >= persons.known_from_date
            and cutoffs.cutoff_date < persons.known_to_date
        where
            cutoffs.cutoff_date >= versions.known_from_date
            and cutoffs.cutoff_date < versions.known_to_date
            and cutoffs.cutoff_date >= versions.created_date
            and not versions.is_excluded
            and persons.lead_id is null

    ),

    -- What a person's later lead became, the person became; of several, what the first of them did.
    deals_of_later_leads as (

        select
            leads.lead_id,
            leads.cutoff_date,
            later.converted_opportunity_id,
            row_number() over (
                partition by leads.lead_id, leads.cutoff_date
                order by later.created_date, later.lead_id
            ) as lead_number

        from counted_leads as leads
        inner join
            {{ ref('int_lead_merges') }} as persons
            on leads.lead_id = persons.kept_lead_id
            and leads.cutoff_date >= persons.known_from_date
            and leads.cutoff_date < persons.known_to_date
        inner join
            {{ ref('int_lead_versions') }} as later
            on persons.lead_id = later.lead_id
            and leads.cutoff_date >= later.known_from_date
            and leads.cutoff_date < later.known_to_date
        where later.converted_opportunity_id is not null and not later.is_excluded

    )

select
    leads.lead_id,
    leads.cutoff_date,
    leads.cutoff_at,
    leads.created_at,
    leads.created_date,
    leads.sales_rep_id,
    leads.territory_id,
    leads.lead_source,
    leads.campaign_id,
    coalesce(
        leads.converted_opportunity_id, deals.converted_opportunity_id
    ) as converted_opportunity_id

from counted_leads as leads
left join
    deals_of_later_leads as deals
    on leads.lead_id = deals.lead_id
    and leads.cutoff_date = deals.cutoff_date
    and deals.lead_number = 1

{{ config(materialized=shared_view()) }}
with

    -- A day is looked at as of now, and as of the freeze of each period that it is in.
    cutoffs as (

        select days.date_day, periods.frozen_date as cutoff_date

        from {{ ref('bridge_date_period') }} as days
        inner join
            {{ ref('dim_period') }} as periods
            on days.period_grain = periods.period_grain
            and days.period_start = periods.period_start
        where periods.is_frozen

        union distinct

        select days.date_day, warehouse.as_of_date as cutoff_date

        from {{ ref('dim_date') }} as days
        cross join {{ ref('dim_as_of') }} as warehouse

    )

select
    versions.lead_id,
    cutoffs.cutoff_date,
    versions.created_at,
    versions.created_date,
    versions.sales_rep_id,
    versions.territory_id,
    versions.lead_source

from {{ ref('int_lead_versions') }} as versions
inner join cutoffs on versions.created_date = cutoffs.date_day
where
    cutoffs.cutoff_date >= versions.known_from_date
    and cutoffs.cutoff_date < versions.known_to_date
    and cutoffs.cutoff_date >= versions.created_date
    and not versions.is_excluded

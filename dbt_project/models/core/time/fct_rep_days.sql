with

    -- Most users of a CRM never sell: a rep is who has had a deal or done something, from that
    -- day on.
    first_days as (

        select sales_rep_id, min(first_date) as first_date

        from
            (
                select sales_rep_id, min(valid_from_date) as first_date

                from {{ ref('fct_opportunity_version') }}
                group by sales_rep_id

                union all

                select sales_rep_id, min(activity_date) as first_date

                from {{ ref('fct_activity') }}
                where progress = 'made'
                group by sales_rep_id
            ) as days
        where sales_rep_id <> 'unknown'
        group by sales_rep_id

    ),

    activity_days as (select distinct scheduled_date from {{ ref('fct_activity') }}),

    -- Without activities there is nothing to compare, and no row.
    periods as (

        select distinct known_periods.*

        from activity_days
        inner join
            {{ ref('bridge_date_period') }} as days on activity_days.scheduled_date = days.date_day
        inner join
            {{ ref('dim_period') }} as known_periods
            on days.period_grain = known_periods.period_grain
            and days.period_start = known_periods.period_start
        where known_periods.last_known_date is not null

    ),

    -- For how long the managers above a rep are the same ones.
    days_of_change as (

        select sales_rep_id, valid_from_date as managers_since_date

        from {{ ref('bridge_sales_rep_manager') }}

        union distinct

        select sales_rep_id, valid_to_date as managers_since_date

        from {{ ref('bridge_sales_rep_manager') }}

    ),

    spans_of_managers as (

        select
            sales_rep_id,
            managers_since_date,
            coalesce(
                lead(managers_since_date) over (
                    partition by sales_rep_id order by managers_since_date
                ),
                {{ open_end_date() }}
            ) as managers_until_date

        from days_of_change

    ),

    stays as (

        select
            reps.sales_rep_id,
            reps.team_id,
            reps.branch_id,
            reps.territory_id,
            managers.managers_since_date,
            periods.period_grain,
            periods.period_start,
            periods.period_end,
            greatest(
                reps.valid_from_date,
                managers.managers_since_date,
                first_days.first_date,
                periods.period_start
            ) as first_date,
            least(
                {{ plus_days('reps.valid_to_date', -1) }},
                {{ plus_days('managers.managers_until_date', -1) }},
                periods.last_known_date
            ) as last_date

        from {{ ref('dim_sales_rep') }} as reps
        inner join first_days on reps.sales_rep_id = first_days.sales_rep_id
        inner join
            spans_of_managers as managers
            on reps.sales_rep_id = managers.sales_rep_id
            and reps.valid_from_date < managers.managers_until_date
            and reps.valid_to_date > managers.managers_since_date
        inner join
            periods
            on reps.valid_from_date <= periods.last_known_date
            and reps.valid_to_date > periods.period_start
            and first_days.first_date <= periods.last_known_date
        where coalesce(reps.is_active, true)

    )

select
    stays.period_grain,
    stays.period_start,
    stays.period_end,
    stays.sales_rep_id,
    stays.team_id,
    stays.branch_id,
    stays.territory_id,
    stays.managers_since_date,
    cast(
        sum(
            last_days.business_day_number
            -- Before the first day of the calendar there is none.
            - coalesce(first_days.business_day_number, 0)
            + case when first_days.is_business_day then 1 else 0 end
        ) as bigint
    ) as rep_days

from stays
inner join {{ ref('dim_date') }} as last_days on stays.last_date = last_days.date_day
left join {{ ref('dim_date') }} as first_days on stays.first_date = first_days.date_day
where stays.first_date <= stays.last_date
group by
    stays.period_grain,
    stays.period_start,
    stays.period_end,
    stays.sales_rep_id,
    stays.team_id,
    stays.branch_id,
    stays.territory_id,
    stays.managers_since_date

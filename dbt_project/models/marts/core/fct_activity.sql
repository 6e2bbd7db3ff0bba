-- noqa: disable=LT02,LT05,ST06
with

-- Where a system does not say who took part, those of a deal or an account were with customers.
activities as (

    select
        activities.*,
        {{ business_date('activities.started_at', 'settings.time_zone') }} as activity_date,
        coalesce(
            activities.ended_at,
            {{ plus_seconds(
                'activities.started_at', 'cast(round(60 * activities.duration_minutes) as bigint)'
            ) }}
        ) as known_ended_at,
        coalesce(
            activities.has_external_participants,
            activities.opportunity_id is not null or activities.account_id is not null
        ) as is_with_customers,
        warehouse.as_of_at,
        warehouse.as_of_date

    from {{ ref('stg_crm__activities') }} as activities
    cross join {{ ref('stg_company__settings') }} as settings
    cross join {{ ref('int_warehouse_as_of') }} as warehouse

),

timed_activities as (

    select
        *,
        {{ seconds_between('started_at', 'known_ended_at') }} as activity_seconds

    from activities

),

-- Calendars do not say whether a meeting was held, so one that has passed was. What fills a day is a
-- note in the calendar, such as a trade fair or a birthday, and not time that somebody worked.
judged_activities as (

    select
        *,
        case
            when activity_status = 'cancelled' then 'cancelled'
            when is_automatic then 'automatic'
            when coalesce(known_ended_at, started_at) > as_of_at then 'not_held_yet'
            when coalesce(activity_seconds, 0) = 0 then 'no_duration'
            when activity_seconds >= 86400 then 'fills_a_day'
        end as problem

    from timed_activities

)

select
    activities.activity_id,
    activities.source_system,
    {{ or_unknown('reps.sales_rep_key') }} as sales_rep_key,
    {{ or_unknown('reps.sales_rep_id') }} as sales_rep_id,
    activities.opportunity_id,
    activities.account_id,
    activities.activity_type,
    activities.activity_status,
    activities.direction,
    activities.activity_date,
    activities.started_at,
    activities.known_ended_at as ended_at,
    activities.activity_seconds,
    coalesce(activities.is_automatic, false) as is_automatic,
    activities.is_with_customers,
    case
        when activities.is_with_customers then types.customer_activity_class
        else types.internal_activity_class
    end as activity_class,
    activities.problem,
    activities.problem is null as is_counted_as_time

from judged_activities as activities
inner join {{ ref('dim_activity_type') }} as types on activities.activity_type = types.activity_type
left join {{ ref('dim_sales_rep') }} as reps
    on
        activities.owner_id = reps.sales_rep_id
        and coalesce(activities.activity_date, activities.as_of_date) >= reps.valid_from_date
        and coalesce(activities.activity_date, activities.as_of_date) < reps.valid_to_date

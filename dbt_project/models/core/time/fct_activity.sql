with

    {{ activities_validated(ref('stg_crm__activities')) }},

    -- A task may say only by when it is to be done, and when it was done no more than that.
    scheduled_activities as (

        select *, coalesce(activity_date, due_date) as scheduled_date from validated_activities

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
        when activities.is_with_customers
        then types.customer_activity_class
        else types.internal_activity_class
    end as activity_class,
    activities.problem,
    activities.problem is null as is_counted_as_time,
    {{ or_unknown('reps.team_id') }} as team_id,
    {{ or_unknown('reps.branch_id') }} as branch_id,
    {{ or_unknown('reps.territory_id') }} as territory_id,
    -- Time counts what has passed whatever the CRM says. What sellers were to do and did not
    -- report as done is another matter: it is theirs to mend.
    case
        when activities.activity_status = 'cancelled'
        then 'cancelled'
        when activities.is_automatic
        then 'automatic'
        when
            activities.activity_status = 'planned'
            and activities.scheduled_date < activities.as_of_date
        then 'overdue'
        when activities.activity_status = 'planned' or activities.problem = 'not_held_yet'
        then 'planned'
        else 'made'
    end as progress,
    activities.scheduled_date

from scheduled_activities as activities
inner join {{ ref('dim_activity_type') }} as types on activities.activity_type = types.activity_type
left join
    {{ ref('dim_sales_rep') }} as reps
    on activities.owner_id = reps.sales_rep_id
    and coalesce(activities.scheduled_date, activities.as_of_date) >= reps.valid_from_date
    and coalesce(activities.scheduled_date, activities.as_of_date) < reps.valid_to_date

with

    activities_by_deal as (

        select
            activities.opportunity_id,
            sum(case when activities.progress = 'made' then 1 else 0 end) as activities,
            -- What was done before it was due is not of a day to come.
            max(
                case
                    when
                        activities.progress = 'made'
                        and activities.scheduled_date > warehouse.as_of_date
                    then warehouse.as_of_date
                    when activities.progress = 'made'
                    then activities.scheduled_date
                end
            ) as last_activity_date,
            min(
                case when activities.progress = 'planned' then activities.scheduled_date end
            ) as next_step_date,
            sum(case when activities.progress = 'overdue' then 1 else 0 end) as overdue_activities

        from {{ ref('fct_activity') }} as activities
        cross join {{ ref('dim_as_of') }} as warehouse
        where activities.opportunity_id is not null
        group by activities.opportunity_id

    ),

    people as (

        select people.opportunity_id, coalesce(kept.kept_id, people.contact_id) as contact_id

        from {{ ref('stg_crm__opportunity_contacts') }} as people
        left join
            {{ ref('int_prospect_merges') }} as kept
            on people.contact_id = kept.record_id
            and kept.record_kind = 'contact'

    ),

    contacts_by_deal as (

        select opportunity_id, count(distinct contact_id) as number_of_contacts

        from people
        group by opportunity_id

    ),

    -- Of a CRM that names the contacts of no deal, none is known to have too few.
    naming as (select count(*) > 0 as names_contacts from people),

    current_visits as (

        select opportunity_id, entered_date

        from {{ ref('fct_stage_visit') }}
        where exited_at is null

    )

select
    deals.opportunity_id,
    deals.episode,
    visits.entered_date as stage_entered_date,
    case
        when not deals.is_closed
        then {{ days_between('visits.entered_date', 'warehouse.as_of_date') }}
    end as days_in_stage,
    coalesce(pushes.pushes, 0) as pushes,
    pushes.last_pushed_date,
    cast(coalesce(activities.activities, 0) as bigint) as activities,
    activities.last_activity_date,
    case
        when not deals.is_closed
        then {{ days_between('activities.last_activity_date', 'warehouse.as_of_date') }}
    end as days_since_last_activity,
    activities.next_step_date,
    cast(coalesce(activities.overdue_activities, 0) as bigint) as overdue_activities,
    cast(
        case when naming.names_contacts then coalesce(contacts.number_of_contacts, 0) end as bigint
    ) as number_of_contacts

from {{ ref('fct_opportunity') }} as deals
cross join {{ ref('dim_as_of') }} as warehouse
cross join naming
left join current_visits as visits on deals.opportunity_id = visits.opportunity_id
left join
    {{ ref('fct_pushed_deal') }} as pushes
    on deals.opportunity_id = pushes.opportunity_id
    and deals.episode = pushes.episode
left join activities_by_deal as activities on deals.opportunity_id = activities.opportunity_id
left join contacts_by_deal as contacts on deals.opportunity_id = contacts.opportunity_id
where deals.is_last_episode

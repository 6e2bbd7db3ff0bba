with

    settings as (select time_zone from {{ ref('stg_company__settings') }}),

    reps as (

        select distinct sales_rep_id from {{ ref('dim_sales_rep') }} where sales_rep_id <> 'unknown'

    ),

    observations as (select * from {{ ref('int_lead_observations') }}),

    -- What a person's second lead reached, the person has reached, since it is known who that is.
    -- It may be given up because it is the second one.
    observations_of_persons as (

        select
            lead_id,
            milestone,
            event_at,
            event_date,
            latest_date,
            known_from_date,
            known_to_date,
            owner_id

        from observations

        union all

        select
            persons.kept_lead_id as lead_id,
            observations.milestone,
            observations.event_at,
            observations.event_date,
            observations.latest_date,
            greatest(observations.known_from_date, persons.known_from_date) as known_from_date,
            least(observations.known_to_date, persons.known_to_date) as known_to_date,
            observations.owner_id

        from observations
        inner join {{ ref('int_lead_merges') }} as persons on observations.lead_id = persons.lead_id
        where observations.milestone not in ('disqualified', 'recycled')

    ),

    -- A lead whose creation was corrected is looked at as of each of them, so all its events are
    -- kept.
    creations as (

        select
            lead_id,
            min(created_at) as created_at,
            min(created_date) as created_date,
            min(created_date) < max(created_date)
            or coalesce(min(created_at) < max(created_at), false) as is_corrected

        from {{ ref('int_lead_versions') }}
        group by lead_id

    ),

    timed_observations as (

        select
            observations.*,
            reps.sales_rep_id,
            creations.created_at,
            creations.created_date,
            creations.is_corrected,
            settings.time_zone,
            {{ time_of_day_known(
                'observations.event_at',
                business_date('observations.event_at', 'settings.time_zone'),
                'settings.time_zone'
            ) }} as timed_at

        from observations_of_persons as observations
        cross join settings
        inner join creations on observations.lead_id = creations.lead_id
        left join reps on observations.owner_id = reps.sales_rep_id
        where
            observations.known_from_date < observations.known_to_date
            and (observations.milestone <> 'assigned' or reps.sales_rep_id is not null)

    ),

    -- What comes before the lead is an error, which the core gate reports, and reaches nothing.
    -- Days are looked up only of what has no moments to compare, because that takes long.
    valid_observations as (

        select
            *,
            timed_at is not null as is_timed,
            case
                when timed_at is null
                then coalesce({{ reported_date('event_at', 'time_zone') }}, event_date)
            end as untimed_date

        from timed_observations
        where
            case
                when timed_at is not null and created_at is not null
                then timed_at >= created_at
                else
                    coalesce(
                        coalesce({{ reported_date('event_at', 'time_zone') }}, event_date)
                        >= created_date,
                        true
                    )
            end

    ),

    earliest_observations as (

        select
            lead_id,
            milestone,
            known_from_date,
            known_to_date,
            sales_rep_id,
            is_timed,
            case when is_corrected then untimed_date end as corrected_date,
            case when is_corrected then timed_at end as corrected_at,
            max(case when is_corrected then 1 else 0 end) = 1 as is_corrected,
            min(timed_at) as event_at,
            min(untimed_date) as untimed_date,
            min(latest_date) as latest_date

        from valid_observations
        group by
            lead_id,
            milestone,
            known_from_date,
            known_to_date,
            sales_rep_id,
            is_timed,
            case when is_corrected then untimed_date end,
            case when is_corrected then timed_at end

    )

select
    observed.lead_id,
    observed.milestone,
    observed.known_from_date,
    observed.known_to_date,
    observed.sales_rep_id,
    observed.is_timed,
    observed.is_corrected,
    observed.corrected_date,
    observed.corrected_at,
    observed.event_at,
    coalesce(
        {{ business_date('observed.event_at', 'settings.time_zone') }}, observed.untimed_date
    ) as event_date,
    observed.latest_date

from earliest_observations as observed
cross join settings

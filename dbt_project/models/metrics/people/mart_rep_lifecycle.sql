with

    -- Of somebody whose first day HR does not know, no days can be counted from it.
    tenures as (

        select
            *,
            nullif(employed_from_date, {{ open_start_date() }}) as hired_on,
            nullif(started_on, {{ open_start_date() }}) as known_started_date

        from {{ ref('fct_tenure') }}

    ),

    employments as (

        select distinct
            person_id,
            employment_number,
            employed_from_date,
            employed_to_date,
            previous_employed_to_date

        from tenures

    ),

    -- Whoever came back applied again, if at all: the application for the first employment stays
    -- there.
    applications as (

        select
            employments.person_id,
            employments.employment_number,
            max(applications.applied_on) as applied_on

        from employments
        inner join
            {{ ref('fct_application') }} as applications
            on employments.person_id = applications.person_id
            and employments.employed_from_date >= applications.applied_on
        where
            applications.is_hired
            and applications.applied_on
            >= coalesce(employments.previous_employed_to_date, {{ open_start_date() }})
        group by employments.person_id, employments.employment_number

    ),

    trainings as (

        select
            employments.person_id,
            employments.employment_number,
            coalesce(
                min(case when trainings.is_onboarding then trainings.completed_on end),
                min(trainings.completed_on)
            ) as trained_on

        from employments
        inner join
            {{ ref('fct_training') }} as trainings
            on employments.person_id = trainings.person_id
            and employments.employed_from_date <= trainings.completed_on
            and employments.employed_to_date > trainings.completed_on
        group by employments.person_id, employments.employment_number

    ),

    first_deals as (

        select tenures.person_id, tenures.tenure_number, min(deals.closed_date) as first_won_on

        from tenures
        inner join
            {{ ref('fct_opportunity') }} as deals
            on tenures.sales_rep_id = deals.sales_rep_id
            and tenures.started_on <= deals.closed_date
            and tenures.observed_until_date >= deals.closed_date
        where deals.is_won and deals.is_last_episode and not deals.is_excluded
        group by tenures.person_id, tenures.tenure_number

    )

select
    {{ surrogate_key('tenures.person_id', ['tenures.tenure_number']) }} as spell_key,
    tenures.person_id,
    tenures.person_key,
    tenures.sales_rep_id,
    people.person_name,
    tenures.tenure_number as spell_number,
    tenures.employment_number,
    tenures.started_by,
    tenures.branch_id,
    tenures.team_id,
    tenures.territory_id,
    applications.applied_on,
    tenures.hired_on,
    tenures.known_started_date as started_on,
    trainings.trained_on,
    first_deals.first_won_on,
    case when ramps.is_measured then ramps.ramped_on end as ramped_on,
    case when ramps.is_measured then ramps.ramp_period_grain end as ramp_period_grain,
    case when ramps.is_measured then ramps.ramp_period_start end as ramp_period_start,
    case when ramps.is_measured then ramps.ramp_period_end end as ramp_period_end,
    case when tenures.ended_by = 'left' then tenures.ended_on end as exited_on,
    tenures.ended_by,
    tenures.ended_on,
    tenures.observed_until_date,
    {{ days_between('applications.applied_on', 'tenures.hired_on') }} as days_applied_to_hired,
    {{ days_between('tenures.hired_on', 'trainings.trained_on') }} as days_hired_to_trained,
    {{ days_between('tenures.known_started_date', 'first_deals.first_won_on') }}
    as days_started_to_first_deal,
    case
        when ramps.is_measured
        then {{ days_between('tenures.known_started_date', 'ramps.ramped_on') }}
    end as days_started_to_ramped,
    {{ days_between('tenures.known_started_date', 'tenures.observed_until_date') }}
    as observed_days,
    trainings.trained_on is null as is_training_censored,
    first_deals.first_won_on is null as is_first_deal_censored,
    case when ramps.is_measured then not ramps.is_ramped end as is_ramp_censored,
    case when ramps.is_measured then labels.period_label end as ramp_period_label

from tenures
inner join {{ ref('dim_person') }} as people on tenures.person_id = people.person_id
inner join
    {{ ref('fct_ramp') }} as ramps
    on tenures.person_id = ramps.person_id
    and tenures.tenure_number = ramps.tenure_number
left join
    applications
    on tenures.person_id = applications.person_id
    and tenures.employment_number = applications.employment_number
left join
    trainings
    on tenures.person_id = trainings.person_id
    and tenures.employment_number = trainings.employment_number
left join
    first_deals
    on tenures.person_id = first_deals.person_id
    and tenures.tenure_number = first_deals.tenure_number
left join
    {{ ref('dim_period') }} as labels
    on ramps.ramp_period_grain = labels.period_grain
    and ramps.ramp_period_start = labels.period_start

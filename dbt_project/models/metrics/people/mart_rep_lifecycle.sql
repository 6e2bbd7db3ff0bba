with

    -- Of somebody whose first day HR does not know, no days can be counted from it.
    spells as (

        select
            *,
            nullif(employed_from_date, {{ open_start_date() }}) as hired_on,
            nullif(started_on, {{ open_start_date() }}) as known_started_on

        from {{ ref('int_seller_spells') }}

    ),

    employment_periods as (

        select distinct person_id, employment_number, employed_from_date, employed_to_date

        from {{ ref('int_employment_intervals') }}

    ),

    employments as (

        select
            *,
            lag(employed_to_date) over (
                partition by person_id order by employment_number
            ) as previous_employed_to_date

        from employment_periods

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

        select spells.person_id, spells.spell_number, min(deals.closed_date) as first_won_on

        from spells
        inner join
            {{ ref('fct_opportunity') }} as deals
            on spells.sales_rep_id = deals.sales_rep_id
            and spells.started_on <= deals.closed_date
            and spells.observed_until_date >= deals.closed_date
        where deals.is_won and deals.is_last_episode and not deals.is_excluded
        group by spells.person_id, spells.spell_number

    )

select
    {{ surrogate_key('spells.person_id', ['spells.spell_number']) }} as spell_key,
    spells.person_id,
    spells.person_key,
    spells.sales_rep_id,
    people.person_name,
    spells.spell_number,
    spells.employment_number,
    spells.started_by,
    spells.branch_id,
    spells.team_id,
    spells.territory_id,
    applications.applied_on,
    spells.hired_on,
    spells.known_started_on as started_on,
    trainings.trained_on,
    first_deals.first_won_on,
    case when ramps.is_measured then ramps.ramped_on end as ramped_on,
    case when ramps.is_measured then ramps.ramp_period_grain end as ramp_period_grain,
    case when ramps.is_measured then ramps.ramp_period_start end as ramp_period_start,
    case when ramps.is_measured then ramps.ramp_period_end end as ramp_period_end,
    case when spells.ended_by = 'left' then spells.ended_on end as exited_on,
    spells.ended_by,
    spells.ended_on,
    spells.observed_until_date,
    {{ days_between('applications.applied_on', 'spells.hired_on') }} as days_applied_to_hired,
    {{ days_between('spells.hired_on', 'trainings.trained_on') }} as days_hired_to_trained,
    {{ days_between('spells.known_started_on', 'first_deals.first_won_on') }}
    as days_started_to_first_deal,
    case
        when ramps.is_measured then {{ days_between('spells.known_started_on', 'ramps.ramped_on') }}
    end as days_started_to_ramped,
    {{ days_between('spells.known_started_on', 'spells.observed_until_date') }} as observed_days,
    trainings.trained_on is null as is_training_censored,
    first_deals.first_won_on is null as is_first_deal_censored,
    case when ramps.is_measured then not ramps.is_ramped end as is_ramp_censored,
    case when ramps.is_measured then labels.period_label end as ramp_period_label

from spells
inner join {{ ref('dim_person') }} as people on spells.person_id = people.person_id
inner join
    {{ ref('int_seller_ramps') }} as ramps
    on spells.person_id = ramps.person_id
    and spells.spell_number = ramps.spell_number
left join
    applications
    on spells.person_id = applications.person_id
    and spells.employment_number = applications.employment_number
left join
    trainings
    on spells.person_id = trainings.person_id
    and spells.employment_number = trainings.employment_number
left join
    first_deals
    on spells.person_id = first_deals.person_id
    and spells.spell_number = first_deals.spell_number
left join
    {{ ref('dim_period') }} as labels
    on ramps.ramp_period_grain = labels.period_grain
    and ramps.ramp_period_start = labels.period_start

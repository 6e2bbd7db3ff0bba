with

    business_calendars as (

        select distinct business_calendar_id from {{ ref('dim_business_hours') }}

    ),

    -- A lead counts for whoever it was given to first, where they worked when it was created.
    attributed_states as (

        select
            states.*,
            {{ or_unknown('reps.sales_rep_id') }} as attributed_sales_rep_id,
            {{ or_unknown('reps.team_id') }} as team_id,
            {{ or_unknown('reps.branch_id') }} as branch_id,
            case
                when states.territory_id is not null
                then {{ or_unknown('territories.territory_id') }}
                else {{ or_unknown('reps.territory_id') }}
            end as attributed_territory_id,
            coalesce(calendars.business_calendar_id, 'all') as business_calendar_id

        from {{ ref('int_lead_states') }} as states
        left join
            {{ ref('dim_sales_rep') }} as reps
            on states.sales_rep_id = reps.sales_rep_id
            and states.created_date >= reps.valid_from_date
            and states.created_date < reps.valid_to_date
        left join
            {{ ref('dim_territory') }} as territories
            on states.territory_id = territories.territory_id
        left join business_calendars as calendars on reps.branch_id = calendars.business_calendar_id

    ),

    -- Of a lead or a response without a time of day nobody knows the minutes.
    timed_states as (

        select
            states.*,
            states.created_at is not null
            and (not states.is_first_response or states.first_response_at is not null) as is_timed

        from attributed_states as states

    )

select
    states.lead_id,
    states.cutoff_date,
    states.created_at,
    states.created_date,
    states.attributed_sales_rep_id as sales_rep_id,
    states.team_id,
    states.branch_id,
    states.attributed_territory_id as territory_id,
    {{ or_unknown('states.lead_source') }} as lead_source,
    {{ or_unknown('states.campaign_id') }} as campaign_id,
    states.converted_opportunity_id,
    states.responding_sales_rep_id,
    {%- for milestone in lead_milestones() %}
        states.is_{{ milestone }}, states.{{ milestone }}_at, states.{{ milestone }}_date,
    {%- endfor %}
    states.is_timed,
    case
        when states.is_timed
        then {{ seconds_between('states.created_at', 'states.first_response_at') }}
    end as first_response_seconds,
    case
        when states.is_timed and states.is_first_response
        then
            {{ business_seconds_between(
                'created', 'states.created_at', 'responded', 'states.first_response_at'
            ) }}
    end as first_response_business_seconds,
    case
        when states.is_timed
        then
            greatest(
                {{ seconds_between(
                    'states.created_at', 'coalesce(states.first_response_at, states.cutoff_at)'
                ) }},
                0
            )
    end as observed_seconds,
    slas.response_sla_minutes * 60 as response_sla_seconds,
    case
        when states.created_at <= states.positive_response_at
        then {{ days_with_fraction('states.created_at', 'states.positive_response_at') }}
        else
            cast(
                {{ days_between('states.created_date', 'states.positive_response_date') }}
                as decimal(18, 6)
            )
    end as days_to_positive_response

from timed_states as states
left join
    {{ ref('dim_business_hours') }} as created
    on states.business_calendar_id = created.business_calendar_id
    and states.created_date = created.date_day
left join
    {{ ref('dim_business_hours') }} as responded
    on states.business_calendar_id = responded.business_calendar_id
    and states.first_response_date = responded.date_day
left join
    {{ ref('stg_company__response_slas') }} as slas
    on states.created_date >= slas.valid_from_date
    and states.created_date < slas.valid_to_date

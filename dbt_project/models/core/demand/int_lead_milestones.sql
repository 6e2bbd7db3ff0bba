with

    settings as (select time_zone from {{ ref('stg_company__settings') }}),

    reps as (

        select distinct sales_rep_id from {{ ref('dim_sales_rep') }} where sales_rep_id <> 'unknown'

    ),

    {#- What fields of the lead itself say: milestone, moment, day, and when it is said. #}
    {%- set no_day = 'cast(null as date)' %}
    {%- set fields = [
        ('assigned', 'assigned_at', no_day, 'assigned_at is not null'),
        ('first_response', 'first_responded_at', no_day, 'first_responded_at is not null'),
        ('positive_response', 'positive_response_at', no_day, 'positive_response_at is not null'),
    ] %}
    {%- for milestone in ['positive_response', 'accepted', 'qualified', 'converted'] %}
        {%- do fields.append((milestone, 'converted_at', 'converted_date', 'is_converted')) %}
    {%- endfor %}

    observations as (

        select
            lead_id,
            'assigned' as milestone,
            cast(null as timestamp) as event_at,
            owned_date as event_date,
            known_from_date,
            known_to_date,
            owner_id

        from {{ ref('int_lead_first_owners') }}

        {%- for milestone, moment, day, is_reported in fields %}
            union all

            select
                lead_id,
                '{{ milestone }}' as milestone,
                {{ moment }} as event_at,
                {{ day }} as event_date,
                known_from_date,
                known_to_date,
                {{ 'sales_rep_id' if milestone == 'assigned' else 'owner_sales_rep_id' }}
                as owner_id

            from {{ ref('int_lead_versions') }}
            where {{ is_reported }}
        {%- endfor %}

        union all

        select lead_id, milestone, event_at, event_date, known_from_date, known_to_date, owner_id

        from {{ ref('int_lead_status_milestones') }}

        union all

        select lead_id, milestone, event_at, event_date, known_from_date, known_to_date, owner_id

        from {{ ref('int_lead_activity_milestones') }}

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

        from observations
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
                then coalesce({{ business_date('event_at', 'time_zone') }}, event_date)
            end as untimed_date

        from timed_observations
        where
            case
                when timed_at is not null and created_at is not null
                then timed_at >= created_at
                else
                    coalesce(
                        coalesce({{ business_date('event_at', 'time_zone') }}, event_date)
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
            min(untimed_date) as untimed_date

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
    ) as event_date

from earliest_observations as observed
cross join settings

{{ config(materialized='view') }}
{%- set milestones = lead_milestones() -%}
with

    -- From this day on nothing was reported of a lead that changed what it had reached: each later
    -- cutoff shows what is known now, and need not be worked out.
    settled_leads as (

        select
            lead_id,
            max(greatest(known_from_date, coalesce(event_date, known_from_date))) as settled_date,
            max(case when is_corrected or known_to_date < {{ open_end_date() }} then 1 else 0 end)
            = 0 as is_ever_settled

        from {{ ref('int_lead_milestones') }}
        group by lead_id

    ),

    cutoffs as (

        select
            cutoffs.*,
            warehouse.as_of_date,
            case
                when
                    settled_leads.is_ever_settled
                    and cutoffs.cutoff_date >= settled_leads.settled_date
                then warehouse.as_of_date
                else cutoffs.cutoff_date
            end as state_date

        from {{ ref('int_lead_cutoffs') }} as cutoffs
        cross join {{ ref('dim_as_of') }} as warehouse
        left join settled_leads on cutoffs.lead_id = settled_leads.lead_id

    ),

    -- A lead that was deleted since is not looked at as of now.
    cutoffs_to_work_out as (

        select lead_id, state_date, max(created_at) as created_at, max(created_date) as created_date

        from cutoffs
        group by lead_id, state_date

    ),

    -- Of one day, what has a time says more.
    earliest_milestones as (

        select
            cutoffs.lead_id,
            cutoffs.state_date,
            observed.milestone,
            min(observed.event_date) as event_date,
            min(observed.latest_date) as latest_date,
            min(case when observed.is_timed then observed.event_date end) as timed_date,
            min(observed.event_at) as event_at,
            min(
                coalesce(cast(observed.event_date as string), '~')
                || coalesce(cast(observed.event_at as string), '~')
                || '#'
                || coalesce(observed.sales_rep_id, '')
            ) as first_rep

        from cutoffs_to_work_out as cutoffs
        inner join
            {{ ref('int_lead_milestones') }} as observed
            on cutoffs.lead_id = observed.lead_id
            and cutoffs.state_date >= observed.known_from_date
            and cutoffs.state_date < observed.known_to_date
        where
            coalesce(observed.event_date between cutoffs.created_date and cutoffs.state_date, true)
            and coalesce(observed.event_at >= cutoffs.created_at, true)
        group by cutoffs.lead_id, cutoffs.state_date, observed.milestone

    ),

    -- Where an extract showed a step before the earliest day that is recorded for it, its day is
    -- not known. The day of what came later would make waits too long.
    reached_milestones as (

        select
            lead_id,
            state_date,
            milestone,
            case
                when event_date <= coalesce(latest_date, event_date) then event_date
            end as event_date,
            timed_date,
            event_at,
            first_rep

        from earliest_milestones

    ),

    reached as (

        select
            lead_id,
            state_date,
            {%- for milestone in milestones %}
                max(case when milestone = '{{ milestone }}' then 1 else 0 end)
                = 1 as is_{{ milestone }},
                max(
                    case
                        when milestone = '{{ milestone }}' and timed_date <= event_date
                        then event_at
                    end
                ) as {{ milestone }}_at,
                max(
                    case when milestone = '{{ milestone }}' then event_date end
                ) as {{ milestone }}_date,
            {%- endfor %}
            max(
                case
                    when milestone = 'assigned' then nullif({{ text_after('first_rep', '#') }}, '')
                end
            ) as assigned_sales_rep_id,
            max(
                case
                    when milestone = 'first_response'
                    then nullif({{ text_after('first_rep', '#') }}, '')
                end
            ) as responding_sales_rep_id

        from reached_milestones
        group by lead_id, state_date

    )

select
    cutoffs.lead_id,
    cutoffs.cutoff_date,
    cutoffs.cutoff_at,
    cutoffs.created_at,
    cutoffs.created_date,
    cutoffs.territory_id,
    cutoffs.lead_source,
    cutoffs.campaign_id,
    cutoffs.converted_opportunity_id,
    coalesce(reached.assigned_sales_rep_id, cutoffs.sales_rep_id) as sales_rep_id,
    reached.responding_sales_rep_id,
    {%- for milestone in milestones %}
        coalesce(reached.is_{{ milestone }}, false) as is_{{ milestone }},
        reached.{{ milestone }}_at,
        reached.{{ milestone }}_date{{ ',' if not loop.last }}
    {%- endfor %}

from cutoffs
left join reached on cutoffs.lead_id = reached.lead_id and cutoffs.state_date = reached.state_date

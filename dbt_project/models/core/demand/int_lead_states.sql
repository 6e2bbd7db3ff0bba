{%- set milestones = lead_milestones() -%}
with

    known_milestones as (

        select
            cutoffs.lead_id,
            cutoffs.cutoff_date,
            observed.milestone,
            observed.event_at,
            observed.event_date,
            observed.sales_rep_id,
            -- What has no day was reached at some time, and says of no other that it came later.
            -- Of one day,
            -- what has a time says more.
            row_number() over (
                partition by cutoffs.lead_id, cutoffs.cutoff_date, observed.milestone
                order by
                    coalesce(observed.event_date, {{ open_end_date() }}),
                    coalesce(observed.event_at, {{ open_end() }}),
                    coalesce(observed.sales_rep_id, 'unknown')
            ) as event_number

        from {{ ref('int_lead_cutoffs') }} as cutoffs
        inner join
            {{ ref('int_lead_milestones') }} as observed
            on cutoffs.lead_id = observed.lead_id
            and cutoffs.cutoff_date >= observed.known_from_date
            and cutoffs.cutoff_date < observed.known_to_date
        where
            coalesce(observed.event_date between cutoffs.created_date and cutoffs.cutoff_date, true)
            and coalesce(observed.event_at >= cutoffs.created_at, true)

    ),

    reached as (

        select
            lead_id,
            cutoff_date,
            {%- for milestone in milestones %}
                max(case when milestone = '{{ milestone }}' then 1 else 0 end)
                = 1 as is_{{ milestone }},
                max(
                    case when milestone = '{{ milestone }}' then event_at end
                ) as {{ milestone }}_at,
                max(
                    case when milestone = '{{ milestone }}' then event_date end
                ) as {{ milestone }}_date,
            {%- endfor %}
            max(case when milestone = 'assigned' then sales_rep_id end) as assigned_sales_rep_id,
            max(
                case when milestone = 'first_response' then sales_rep_id end
            ) as responding_sales_rep_id

        from known_milestones
        where event_number = 1
        group by lead_id, cutoff_date

    )

select
    cutoffs.lead_id,
    cutoffs.cutoff_date,
    cutoffs.created_at,
    cutoffs.created_date,
    cutoffs.territory_id,
    cutoffs.lead_source,
    coalesce(reached.assigned_sales_rep_id, cutoffs.sales_rep_id) as sales_rep_id,
    reached.responding_sales_rep_id,
    {%- for milestone in milestones %}
        coalesce(reached.is_{{ milestone }}, false) as is_{{ milestone }},
        reached.{{ milestone }}_at,
        reached.{{ milestone }}_date{{ ',' if not loop.last }}
    {%- endfor %}

from {{ ref('int_lead_cutoffs') }} as cutoffs
left join reached on cutoffs.lead_id = reached.lead_id and cutoffs.cutoff_date = reached.cutoff_date

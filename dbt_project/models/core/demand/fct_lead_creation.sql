with

    days as (select * from {{ ref('bridge_date_period') }} where period_grain <> 'week'),

    restated as (

        select states.*, days.period_grain, days.period_start, days.period_end

        from {{ ref('int_lead_states_timed') }} as states
        inner join {{ ref('dim_as_of') }} as warehouse on states.cutoff_date = warehouse.as_of_date
        inner join days on states.created_date = days.date_day

    ),

    as_closed as (

        select states.*, days.period_grain, days.period_start, days.period_end

        from {{ ref('int_lead_states_timed') }} as states
        inner join days on states.created_date = days.date_day
        inner join
            {{ ref('dim_period') }} as periods
            on days.period_grain = periods.period_grain
            and days.period_start = periods.period_start
            and states.cutoff_date = periods.frozen_date
        where periods.is_frozen

    ),

    counted_leads as (

        select 'restated' as basis, *
        from restated
        union all
        select 'as_closed' as basis, *
        from as_closed

    ),

    leads_with_deals as (

        select leads.*, deals.opportunity_id, deals.is_won, deals.won_date, deals.won_value

        from counted_leads as leads
        left join
            {{ ref('int_lead_deals') }} as deals
            on leads.lead_id = deals.lead_id
            and leads.cutoff_date = deals.cutoff_date

    )

select
    basis,
    period_grain,
    period_start,
    period_end,
    lead_id,
    created_date,
    sales_rep_id,
    team_id,
    branch_id,
    territory_id,
    lead_source,
    is_timed,
    is_first_response as is_responded,
    first_response_seconds,
    first_response_business_seconds,
    {{ minutes_of_seconds('first_response_seconds') }} as first_response_minutes,
    {{ minutes_of_seconds('first_response_business_seconds') }} as first_response_business_minutes,
    observed_seconds,
    case
        when is_timed then coalesce(first_response_business_seconds <= response_sla_seconds, false)
    end as is_within_sla,
    case
        when not is_timed
        then 'unknown'
        when not is_first_response
        then 'never'
        {%- for band in response_bands() %}
            when first_response_seconds <= {{ band.seconds }} then '{{ band.name }}'
        {%- endfor %}
        else 'later'
    end as response_band,
    is_positive_response as has_positive_response,
    days_to_positive_response,
    {%- for milestone in ['accepted', 'qualified', 'converted', 'disqualified', 'recycled'] %}
        is_{{ milestone }}, {{ milestone }}_date,
    {%- endfor %}
    first_response_date,
    campaign_id,
    opportunity_id,
    coalesce(is_won, false) as is_won,
    won_date,
    won_value

from leads_with_deals

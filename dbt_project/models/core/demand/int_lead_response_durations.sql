{{ config(materialized='view') }}
with

    groups as (

        select basis, period_grain, period_start, level, member_id

        from {{ ref('int_lead_response_groups') }}
        where is_censored_early

    ),

    timed_leads as (select * from {{ ref('fct_lead_creation') }} where is_timed),

    leads_of_groups as (

        {%- for level, declared in lead_levels().items() %}
            select groups.*, leads.observed_seconds, leads.is_responded

            from groups
            inner join
                timed_leads as leads
                on groups.basis = leads.basis
                and groups.period_grain = leads.period_grain
                and groups.period_start = leads.period_start
                {%- if declared.column %}
                    and groups.member_id = leads.{{ declared.column }}
                {%- endif %}
            {%- if level == 'manager' %}
                inner join
                    {{ ref('bridge_sales_rep_manager') }} as managers
                    on groups.member_id = managers.manager_id
                    and leads.sales_rep_id = managers.sales_rep_id
                    and leads.created_date >= managers.valid_from_date
                    and leads.created_date < managers.valid_to_date
            {%- endif %}
            where groups.level = '{{ level }}' {{ 'union all' if not loop.last }}
        {%- endfor %}

    )

select
    basis,
    period_grain,
    period_start,
    level,
    member_id,
    observed_seconds,
    is_responded,
    count(*) as leads

from leads_of_groups
group by basis, period_grain, period_start, level, member_id, observed_seconds, is_responded

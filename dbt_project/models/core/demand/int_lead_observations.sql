{{ config(materialized='view') }}
with

    {#- What fields of the lead itself say: milestone, moment, day, and when it is said. #}
    {%- set no_day = 'cast(null as date)' %}
    {%- set fields = [
        ('assigned', 'assigned_at', no_day, 'assigned_at is not null'),
        ('first_response', 'first_responded_at', no_day, 'first_responded_at is not null'),
        ('positive_response', 'positive_response_at', no_day, 'positive_response_at is not null'),
    ] %}
    {%- set owners = {'assigned': 'sales_rep_id', 'first_response': 'responding_sales_rep_id'} %}
    {%- for milestone in ['positive_response', 'accepted', 'qualified', 'converted'] %}
        {%- do fields.append((milestone, 'converted_at', 'converted_date', 'is_converted')) %}
    {%- endfor %}

    observations as (

        select
            lead_id,
            'assigned' as milestone,
            cast(null as timestamp) as event_at,
            owned_date as event_date,
            cast(null as date) as latest_date,
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
                case
                    when {{ moment }} is null and {{ day }} is null then conversion_shown_date
                end as latest_date,
                known_from_date,
                known_to_date,
                {{ owners.get(milestone, 'owner_sales_rep_id') }} as owner_id

            from {{ ref('int_lead_versions') }}
            where {{ is_reported }}
        {%- endfor %}

        union all

        select
            lead_id,
            milestone,
            event_at,
            event_date,
            latest_date,
            known_from_date,
            known_to_date,
            owner_id

        from {{ ref('int_lead_status_milestones') }}

        union all

        select
            lead_id,
            milestone,
            event_at,
            event_date,
            cast(null as date) as latest_date,
            known_from_date,
            known_to_date,
            owner_id

        from {{ ref('int_lead_activity_milestones') }}

    )

select *
from observations

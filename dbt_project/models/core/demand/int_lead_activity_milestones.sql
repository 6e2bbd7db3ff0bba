{{ config(materialized=shared_view()) }}
with

    settings as (select time_zone from {{ ref('stg_company__settings') }}),

    first_extracts as (select * from {{ ref('int_lead_first_extracts') }}),

    -- Of each extract once: a zone is looked up slowly, and activities are many.
    extract_days as (

        select
            extracts.extracted_at,
            {{ extract_date('extracts.extracted_at', 'settings.time_zone') }} as extract_day

        from
            (
                select valid_from as extracted_at
                from {{ ref('stg_crm__activities_history') }}
                union distinct
                select valid_to as extracted_at
                from {{ ref('stg_crm__activities_history') }}
                where not is_current
            ) as extracts
        cross join settings

    ),

    activities as (

        select
            activities.lead_id,
            activities.owner_id,
            activities.started_at,
            activities.valid_from <= first_extracts.first_reported_at as is_of_first_extract,
            known_from.extract_day as valid_from_date,
            coalesce(known_to.extract_day, {{ open_end_date() }}) as known_to_date,
            case
                when activities.direction = 'outgoing'
                then activities.activity_type in ('meeting', 'call', 'email', 'other')
                when activities.direction is null
                then activities.activity_type in ('meeting', 'call', 'email')
                else false
            end as is_first_response,
            coalesce(activities.outcome, 'none') = 'positive'
            or (
                coalesce(activities.outcome, 'none') not in (
                    'negative', 'no_answer', 'no_show', 'bounced', 'out_of_office', 'left_message'
                )
                and (
                    activities.activity_type = 'meeting'
                    or (
                        activities.direction = 'incoming'
                        and activities.activity_type in ('call', 'email', 'other')
                    )
                )
            ) as is_positive_response

        from {{ ref('stg_crm__activities_history') }} as activities
        cross join {{ ref('dim_as_of') }} as warehouse
        inner join first_extracts on activities.source_system = first_extracts.source_system
        inner join extract_days as known_from on activities.valid_from = known_from.extracted_at
        left join extract_days as known_to on activities.valid_to = known_to.extracted_at
        where
            activities.lead_id is not null
            and not activities.is_vanished
            and {{ held_by_a_person('activities', 'warehouse.as_of_at') }}

    )

{%- for milestone in ['first_response', 'positive_response'] %}
    select
        lead_id,
        '{{ milestone }}' as milestone,
        started_at as event_at,
        cast(null as date) as event_date,
        case
            when is_of_first_extract then {{ open_start_date() }} else valid_from_date
        end as known_from_date,
        known_to_date,
        owner_id

    from activities
    where is_{{ milestone }} {{ 'union all' if not loop.last }}
{%- endfor %}

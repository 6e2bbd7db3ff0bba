{#- A view: of nearly all records there is one version, and only late ones are read on. -#}
{{ config(materialized=shared_view()) }}
with

    settings as (select time_zone from {{ ref('stg_company__settings') }}),

    first_extracts as (

        select 'time_entries' as time_source, min(valid_from) as first_reported_at

        from {{ ref('stg_hr__time_entries_history') }}

        union all

        select 'activities' as time_source, min(valid_from) as first_reported_at

        from {{ ref('stg_crm__activities_history') }}

    ),

    {{ time_entries_validated(
    '(select * from ' ~ ref('stg_hr__time_entries_history') ~ ' where not is_vanished)',
    history_columns=['valid_from', 'valid_to', 'is_current']
) }},

    {{ activities_validated('(select * from ' ~ ref('stg_crm__activities_history') ~ ' where not is_vanished)') }},

    versions as (

        select
            'time_entries' as time_source,
            person_id,
            activity_class,
            started_at,
            ended_at,
            started_date,
            ended_date,
            problem is null and entry_seconds > 0 as is_counted,
            valid_from,
            valid_to,
            is_current

        from validated_entries
        where person_id is not null

        union all

        select
            'activities' as time_source,
            users.person_id,
            case
                when activities.is_with_customers
                then types.customer_activity_class
                else types.internal_activity_class
            end as activity_class,
            activities.started_at,
            activities.known_ended_at as ended_at,
            activities.activity_date as started_date,
            {{ business_date("activities.known_ended_at - interval '1' microsecond", 'settings.time_zone') }}
            as ended_date,
            true as is_counted,
            activities.valid_from,
            activities.valid_to,
            activities.is_current

        from validated_activities as activities
        cross join settings
        inner join
            {{ ref('dim_activity_type') }} as types
            on activities.activity_type = types.activity_type
        inner join
            {{ ref('bridge_person') }} as users
            on users.system_name = 'crm'
            and activities.owner_id = users.system_person_id
        where activities.problem is null

    )

-- The first extract of a source tells of all the time before it, and so is never late.
select
    versions.time_source,
    versions.person_id,
    versions.activity_class,
    versions.started_at,
    versions.ended_at,
    versions.started_date,
    versions.ended_date,
    versions.is_counted,
    versions.is_current,
    case
        when versions.valid_from = first_extracts.first_reported_at
        then {{ open_start_date() }}
        else {{ extract_date('versions.valid_from', 'settings.time_zone') }}
    end as known_from_date,
    case
        when versions.is_current
        then {{ open_end_date() }}
        else {{ extract_date('versions.valid_to', 'settings.time_zone') }}
    end as known_to_date

from versions
cross join settings
inner join first_extracts on versions.time_source = first_extracts.time_source

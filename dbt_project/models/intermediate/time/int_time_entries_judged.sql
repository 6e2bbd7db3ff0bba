{#- A view: writing every entry down takes longer than judging it again for each reader. -#}
{{ config(materialized='view') }}
-- noqa: disable=LT02,LT05,ST06
with

-- Dates come before any join: beside a constant, a zone is looked up once, and not for each entry.
dated_entries as (

    select
        entries.time_entry_id,
        entries.worker_id,
        entries.started_at,
        entries.ended_at,
        coalesce(entries.activity_class, 'unclassified') as activity_class,
        {{ business_date('entries.started_at', 'settings.time_zone') }} as started_on,
        -- An entry that ends at midnight ends with the day before.
        {{ business_date("entries.ended_at - interval '1' microsecond", 'settings.time_zone') }} as ended_on,
        {{ seconds_between('entries.started_at', 'entries.ended_at') }} as entry_seconds

    from {{ ref('stg_hr__time_entries') }} as entries
    cross join {{ ref('stg_company__settings') }} as settings

)

select
    entries.*,
    people.person_id,
    case
        when people.person_id is null then 'unknown_worker'
        when entries.ended_at is null then 'missing_clock_out'
        when entries.entry_seconds > 86400 then 'longer_than_a_day'
    end as problem

from dated_entries as entries
left join {{ ref('bridge_person') }} as people
    on
        people.system_name = 'hr'
        and entries.worker_id = people.system_person_id

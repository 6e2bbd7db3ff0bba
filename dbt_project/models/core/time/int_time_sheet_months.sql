{{ config(pre_hook="{{ join_as_written() }}", post_hook="{{ join_as_estimated() }}") }}
with

    -- Activities stand in for users of the CRM only, so only of these it matters.
    months_of_entries as (

        select distinct
            entries.person_id,
            first_days.month_start as first_month_start,
            last_days.month_start as last_month_start

        from {{ ref('int_time_entries_validated') }} as entries
        inner join
            {{ ref('bridge_person') }} as users
            on users.system_name = 'crm'
            and entries.person_id = users.person_id
        left join {{ ref('dim_date') }} as first_days on entries.started_date = first_days.date_day
        left join {{ ref('dim_date') }} as last_days on entries.ended_date = last_days.date_day

    )

select person_id, first_month_start as month_start

from months_of_entries
where first_month_start is not null

union distinct

select person_id, last_month_start as month_start

from months_of_entries
where last_month_start is not null

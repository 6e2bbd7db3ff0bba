{{ config(pre_hook="{{ join_as_written() }}", post_hook="{{ join_as_estimated() }}") }}
with {{ time_united(ref('int_time_slices'), ['person_id', 'work_date']) }}

select
    seconds.person_id,
    {{ or_unknown('people.sales_rep_id') }} as sales_rep_id,
    seconds.work_date,
    seconds.activity_class,
    case when seconds.is_from_time_sheet then 'time_entries' else 'activities' end as time_source,
    seconds.worked_seconds

from seconds_by_class as seconds
left join {{ ref('dim_person') }} as people on seconds.person_id = people.person_id

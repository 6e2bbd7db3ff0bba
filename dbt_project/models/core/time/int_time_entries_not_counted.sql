select time_entry_id, worker_id, person_id, started_at, ended_at, activity_class, problem

from {{ ref('int_time_entries_validated') }}
where problem is not null

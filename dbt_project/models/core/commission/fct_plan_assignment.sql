select
    assignments.person_id
    || '#'
    || cast(assignments.valid_from_date as string) as plan_assignment_key,
    assignments.person_id,
    people.person_name,
    people.sales_rep_id,
    assignments.plan_id,
    assignments.valid_from_date,
    assignments.valid_to_date

from {{ ref('int_plan_assignments_held') }} as assignments
inner join {{ ref('dim_person') }} as people on assignments.person_id = people.person_id

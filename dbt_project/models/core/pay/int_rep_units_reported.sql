{{ config(materialized='view') }}

select
    people.person_id,
    reps.sales_rep_id,
    reps.branch_id,
    reps.team_id,
    reps.territory_id,
    reps.valid_from_date,
    reps.valid_to_date,
    {{ extract_date('users.valid_from', 'settings.time_zone') }} as reported_date

from {{ ref('dim_person') }} as people
inner join {{ ref('dim_sales_rep') }} as reps on people.sales_rep_id = reps.sales_rep_id
inner join
    {{ ref('stg_crm__users_history') }} as users
    on reps.sales_rep_id = users.user_id
    and users.version_number = 1
cross join {{ ref('stg_company__settings') }} as settings

-- about: core.bridge_sales_rep_manager
-- severity: warn
-- meaning: users who are below themselves, whose manager nobody knows, or who have more managers
-- above them than are looked for; a ring of managers is cut, and each of them counts for all
-- others
-- advice: correct the managers of these users in the CRM or in HR
with
    today as (
        select managers.*
        from {{ batch }} as managers
        inner join
            warehouse.core.dim_as_of as last_day
            on last_day.as_of_date >= managers.valid_from_date
            and last_day.as_of_date < managers.valid_to_date
    ),
    problems as (
        select today.sales_rep_id, 'own_manager' as problem
        from today
        inner join
            today as back
            on today.sales_rep_id = back.manager_id
            and today.manager_id = back.sales_rep_id
        where today.levels_above > 0
        union
        select sales_rep_id, 'managers_without_end' as problem
        from today
        where levels_above = 8
        union
        select reps.sales_rep_id, 'unknown_manager' as problem
        from warehouse.core.dim_sales_rep as reps
        inner join
            warehouse.core.dim_as_of as last_day
            on last_day.as_of_date >= reps.valid_from_date
            and last_day.as_of_date < reps.valid_to_date
        where
            reps.manager_id is not null
            and reps.manager_id not in (select sales_rep_id from warehouse.core.dim_sales_rep)
    )
select problem, count(*) as users
from problems
group by problem

-- Fails for each interval of a person that begins before the one before it has ended. The person
-- would be counted twice in the headcount of those days, and fct_headcount_daily have two rows a
-- day: look at the intervals of the person in fct_employment_interval.
with

    neighbours as (

        select
            person_id,
            valid_from_date,
            valid_to_date,
            lag(valid_to_date) over (
                partition by person_id order by valid_from_date
            ) as previous_valid_to_date

        from {{ ref('fct_employment_interval') }}

    )

select *

from neighbours
where valid_from_date >= valid_to_date or valid_from_date < previous_valid_to_date

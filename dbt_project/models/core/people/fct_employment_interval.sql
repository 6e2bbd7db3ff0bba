with

    followed_positions as (

        select
            *,
            coalesce(
                lag(valid_to_date) over (partition by person_id order by valid_from_date)
                = valid_from_date,
                false
            ) as follows_another,
            coalesce(
                lag(worker_id) over (partition by person_id order by valid_from_date) = worker_id
                and lag(branch_id) over (partition by person_id order by valid_from_date)
                = branch_id
                and lag(team_id) over (partition by person_id order by valid_from_date) = team_id
                and lag(territory_id) over (partition by person_id order by valid_from_date)
                = territory_id
                and lag(fte) over (partition by person_id order by valid_from_date) = fte
                and lag(is_sales) over (partition by person_id order by valid_from_date) = is_sales,
                false
            ) as is_like_the_one_before

        from {{ ref('int_positions_united') }}

    ),

    numbered_positions as (

        select
            *,
            sum(case when follows_another then 0 else 1 end) over (
                partition by person_id order by valid_from_date
            ) as employment_number,
            sum(case when follows_another and is_like_the_one_before then 0 else 1 end) over (
                partition by person_id order by valid_from_date
            ) as interval_number

        from followed_positions

    ),

    intervals as (

        select
            person_id,
            max(person_key) as person_key,
            max(sales_rep_id) as sales_rep_id,
            max(worker_id) as worker_id,
            max(branch_id) as branch_id,
            max(team_id) as team_id,
            max(territory_id) as territory_id,
            max(fte) as fte,
            max(case when is_sales then 1 else 0 end) = 1 as is_sales,
            cast(employment_number as bigint) as employment_number,
            cast(interval_number as bigint) as interval_number,
            min(valid_from_date) as valid_from_date,
            max(valid_to_date) as valid_to_date

        from numbered_positions
        group by person_id, employment_number, interval_number

    )

select
    *,
    min(valid_from_date) over (partition by person_id, employment_number) as employed_from_date,
    max(valid_to_date) over (partition by person_id, employment_number) as employed_to_date,
    max(valid_to_date) over (
        partition by person_id
        order by employment_number
        range between unbounded preceding and 1 preceding
    ) as previous_employed_to_date

from intervals

with

    intervals as (

        select
            *,
            coalesce(
                lag(team_id) over (
                    partition by person_id, employment_number order by valid_from_date
                )
                = team_id
                and lag(is_sales) over (
                    partition by person_id, employment_number order by valid_from_date
                ),
                false
            ) as stays_with_team

        from {{ ref('fct_employment_interval') }}

    ),

    numbered_intervals as (

        select
            *,
            sum(case when stays_with_team then 0 else 1 end) over (
                partition by person_id order by valid_from_date
            ) as tenure_number

        from intervals
        where is_sales

    ),

    -- Branch and territory are those that the rep began in.
    first_intervals as (

        select
            *,
            row_number() over (
                partition by person_id, tenure_number order by valid_from_date
            ) as rank,
            max(valid_to_date) over (partition by person_id, tenure_number) as tenure_to_date

        from numbered_intervals

    )

select
    first_intervals.person_id,
    first_intervals.person_key,
    first_intervals.sales_rep_id,
    cast(first_intervals.tenure_number as bigint) as tenure_number,
    first_intervals.employment_number,
    first_intervals.branch_id,
    first_intervals.team_id,
    first_intervals.territory_id,
    case
        when first_intervals.valid_from_date > first_intervals.employed_from_date
        then 'transferred'
        when first_intervals.employment_number > 1
        then 'rehired'
        else 'hired'
    end as started_by,
    first_intervals.valid_from_date as started_on,
    case
        when first_intervals.tenure_to_date > {{ plus_days('warehouse.as_of_date', 1) }}
        then null
        when first_intervals.tenure_to_date = first_intervals.employed_to_date
        then 'left'
        else 'transferred'
    end as ended_by,
    case
        when first_intervals.tenure_to_date <= {{ plus_days('warehouse.as_of_date', 1) }}
        then {{ plus_days('first_intervals.tenure_to_date', -1) }}
    end as ended_on,
    case
        when first_intervals.tenure_to_date <= {{ plus_days('warehouse.as_of_date', 1) }}
        then {{ plus_days('first_intervals.tenure_to_date', -1) }}
        else warehouse.as_of_date
    end as observed_until_date,
    first_intervals.employed_from_date,
    first_intervals.employed_to_date,
    first_intervals.previous_employed_to_date

from first_intervals
cross join {{ ref('dim_as_of') }} as warehouse
where first_intervals.rank = 1 and first_intervals.valid_from_date <= warehouse.as_of_date

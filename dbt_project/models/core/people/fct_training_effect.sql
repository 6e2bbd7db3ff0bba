{#- Days before and after the completion of a training in which results are compared. -#}
{%- set window_days = 90 -%}
with

    -- Only people who were there to sell on every day of both windows can be compared with
    -- themselves.
    completions as (

        select
            trainings.enrolment_id,
            trainings.person_id,
            trainings.sales_rep_id,
            trainings.branch_id,
            trainings.team_id,
            trainings.territory_id,
            trainings.completed_on,
            {{ plus_days('trainings.completed_on', -window_days) }} as compared_from_date,
            {{ plus_days('trainings.completed_on', window_days) }} as compared_to_date

        from {{ ref('fct_training') }} as trainings
        where
            trainings.is_completed
            and trainings.completed_on is not null
            and trainings.sales_rep_id is not null

    ),

    comparable_completions as (

        select completions.*

        from completions
        cross join {{ ref('dim_as_of') }} as warehouse
        inner join
            {{ ref('fct_employment_interval') }} as employments
            on completions.person_id = employments.person_id
            and completions.completed_on >= employments.valid_from_date
            and completions.completed_on < employments.valid_to_date
            and completions.compared_from_date >= employments.employed_from_date
            and completions.compared_to_date < employments.employed_to_date
        where completions.compared_to_date <= warehouse.as_of_date

    ),

    closings as (

        select sales_rep_id, closed_date, is_won, opportunity_value

        from {{ ref('fct_opportunity') }}
        where is_closed and is_last_episode and not is_excluded

    )

select
    completions.enrolment_id,
    completions.person_id,
    completions.branch_id,
    completions.team_id,
    completions.territory_id,
    completions.completed_on,
    {%- for side, condition in {
        'before': 'closings.closed_date < completions.completed_on',
        'after': 'closings.closed_date > completions.completed_on',
    }.items() %}
        {{ money_sum('case when ' ~ condition ~ ' and closings.is_won then closings.opportunity_value end') }}
        as won_value_{{ side }},
        cast(
            sum(case when {{ condition }} and closings.is_won then 1 else 0 end) as bigint
        ) as won_deals_{{ side }},
        cast(
            sum(case when {{ condition }} then 1 else 0 end) as bigint
        ) as closed_deals_{{ side }}{{ ',' if not loop.last }}
    {%- endfor %}

from comparable_completions as completions
left join
    closings
    on completions.sales_rep_id = closings.sales_rep_id
    and completions.compared_from_date <= closings.closed_date
    and completions.compared_to_date >= closings.closed_date
group by
    completions.enrolment_id,
    completions.person_id,
    completions.branch_id,
    completions.team_id,
    completions.territory_id,
    completions.completed_on

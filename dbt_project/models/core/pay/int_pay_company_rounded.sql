{#- The largest pay of one person that a step hides, in steps: decision 0014 says why. -#}
{%- set steps_a_person = 2.5 -%}
with

    first_months as (

        select *, row_number() over (partition by year_start order by month_start) as rank

        from {{ ref('int_pay_company_months') }}
        where is_safe

    ),

    -- The step is what the dearest rep costs in the year's first month, or rather the next 1000
    -- times a power of two, of which each is a multiple of those before it. A month of twice the
    -- pay still fits.
    needed_steps as (

        select
            year_start,
            case
                when largest_base_value > 0
                then
                    1000 * power(
                        2, greatest(ceil(round(ln(largest_base_value / 1000) / ln(2.0e0), 9)), -3)
                    )
                else 0
            end as step_value

        from first_months
        where rank = 1

    ),

    -- It never becomes smaller, or what was published before would be published more exactly.
    steps as (

        select
            year_start,
            max(step_value) over (
                order by year_start rows between unbounded preceding and current row
            ) as step_value

        from needed_steps

    ),

    rounded_months as (

        select
            months.month_start,
            months.quarter_start,
            months.year_start,
            months.variable_value,
            steps.step_value,
            months.is_safe
            and months.largest_base_value
            <= {{ steps_a_person }} * steps.step_value as is_published,
            case
                when steps.step_value > 0
                then steps.step_value * floor(months.base_value / steps.step_value + 0.5)
                else 0
            end as rounded_base_value,
            case
                when months.fixed_value > 0
                then
                    floor(months.fixed_employer_cost_value / months.fixed_value * 100 + 0.5)
                    / 100.0e0
                else 0
            end as fixed_employer_rate,
            case
                when months.variable_value > 0
                then
                    floor(months.variable_employer_cost_value / months.variable_value * 100 + 0.5)
                    / 100.0e0
                else 0
            end as variable_employer_rate

        from {{ ref('int_pay_company_months') }} as months
        left join steps on months.year_start = steps.year_start

    ),

    -- All that is published follows from the rounded sum, variable pay and two rates in whole
    -- percent.
    published_months as (

        select
            month_start,
            quarter_start,
            year_start,
            coalesce(is_published, false) as is_published,
            cast(step_value as decimal(18, 2)) as step_value,
            cast(
                floor(rounded_base_value / (1 + fixed_employer_rate) * 100 + 0.5)
                / 100.0e0 as decimal(18, 2)
            ) as fixed_value,
            cast(
                floor((rounded_base_value + variable_value * variable_employer_rate) * 100 + 0.5)
                / 100.0e0 as decimal(18, 2)
            ) as fixed_and_employer_cost_value

        from rounded_months

    ),

    -- Longer periods are sums of what is published of their months, so they tell nothing more.
    periods as (
        {% for grain in period_grains() %}
            select
                '{{ grain }}' as period_grain,
                {{ grain }}_start as period_start,
                min(case when is_published then 1 else 0 end) = 1 as is_published,
                {{ money_sum('fixed_value') }} as fixed_value,
                {{ money_sum('fixed_and_employer_cost_value - fixed_value') }}
                as employer_cost_value,
                {{ money_sum('step_value') }} as rounded_to

            from published_months
            group by {{ grain }}_start
            {% if not loop.last %}
                union all
            {% endif -%}
        {% endfor %}
    )

select *
from periods

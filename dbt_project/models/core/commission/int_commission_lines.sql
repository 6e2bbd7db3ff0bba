{{ config(materialized='view') }}

with

    -- An extract can hold a run before the day on which it is paid.
    paid_lines as (

        select
            lines.pay_line_id,
            lines.pay_run_id,
            lines.person_id,
            lines.sales_rep_id,
            coalesce(merged_deals.surviving_id, lines.opportunity_id) as opportunity_id,
            lines.earning_code,
            lines.is_commission,
            lines.currency_code,
            lines.pay_amount,
            lines.pay_value,
            lines.pay_period_start,
            lines.paid_on,
            lines.reversal_of_id

        from {{ ref('fct_payroll_line') }} as lines
        cross join {{ ref('dim_as_of') }} as warehouse
        left join
            {{ ref('int_merged_deals') }} as merged_deals
            on lines.opportunity_id = merged_deals.opportunity_id
        where coalesce(lines.paid_on <= warehouse.as_of_date, true)

    ),

    reversed_lines as (

        select distinct reversal_of_id from paid_lines where reversal_of_id is not null

    )

-- What is paid for no deal belongs to the plan period that ended last before the pay period
-- began.
select
    lines.pay_line_id,
    lines.pay_run_id,
    lines.person_id,
    lines.sales_rep_id,
    lines.opportunity_id,
    lines.earning_code,
    lines.currency_code,
    lines.pay_amount,
    lines.pay_value,
    lines.paid_on,
    lines.reversal_of_id is not null or reversed_lines.reversal_of_id is not null as is_undone,
    case
        when lines.opportunity_id is null
        then
            case
                coalesce(plans.period_grain, assignments.period_grain, 'month')
                {%- for grain in period_grains() %}
                    when '{{ grain }}' then before_{{ grain }}.{{ grain }}_start
                {%- endfor %}
            end
    end as plan_period_start

from paid_lines as lines
left join reversed_lines on lines.pay_line_id = reversed_lines.reversal_of_id
left join
    {{ ref('int_plan_assignments_held') }} as assignments
    on lines.person_id = assignments.person_id
    and lines.pay_period_start > assignments.valid_from_date
    and lines.pay_period_start <= assignments.valid_to_date
left join
    {{ ref('dim_compensation_plan') }} as plans
    on assignments.plan_id = plans.plan_id
    and lines.pay_period_start > plans.valid_from_date
    and lines.pay_period_start <= plans.valid_to_date
left join {{ ref('dim_date') }} as calendar on lines.pay_period_start = calendar.date_day
{%- for grain in period_grains() %}
    left join
        {{ ref('dim_date') }} as before_{{ grain }}
        on {{ plus_days('calendar.' ~ grain ~ '_start', -1) }} = before_{{ grain }}.date_day
{%- endfor %}
where lines.is_commission

with

    -- Fixed pay and employer cost are published for the company only, and rounded.
    published as (

        select
            mart.*,
            case
                when mart.suppression_reason is null or mart.suppression_reason = 'turnover'
                then mart.variable_value
            end as published_variable_value,
            case
                when mart.suppression_reason is null then cells.rounded_fixed_value
            end as published_fixed_value,
            case
                when mart.suppression_reason is null then cells.rounded_employer_cost_value
            end as published_employer_cost_value,
            case when mart.suppression_reason is null then cells.rounded_to end as rounded_to

        from {{ ref('mart_compensation_unsuppressed') }} as mart
        left join
            {{ ref('fct_pay_cell') }} as cells
            on mart.period_grain = cells.period_grain
            and mart.period_start = cells.period_start
            and mart.level = cells.level
            and mart.member_id = cells.member_id

    )

select
    period_grain,
    period_start,
    period_end,
    level,
    member_id,
    member_name,
    basis,

    published_fixed_value as fixed_value,
    published_variable_value as variable_value,
    published_employer_cost_value as employer_cost_value,
    won_value,
    cast(
        published_fixed_value
        + published_variable_value
        + published_employer_cost_value as decimal(18, 2)
    ) as cost_of_sales,
    {{ ratio('published_variable_value', 'won_value') }} as effective_commission_rate,
    people,
    suppression_reason is not null as is_suppressed,
    suppression_reason,
    rounded_to,
    period_label,
    is_running,
    elapsed_business_days

from published

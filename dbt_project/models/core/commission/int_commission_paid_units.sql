with

    repeated_amounts as (

        select unit_key, sum(paid_value) - max(paid_value) as repeated_value

        from {{ ref('int_commission_paid') }}
        where not is_undone
        group by unit_key, earning_code, currency_code, pay_amount
        having count(*) > 1

    ),

    repeats as (

        select unit_key, sum(repeated_value) as repeated_value

        from repeated_amounts
        group by unit_key

    ),

    paid_by_runs as (select distinct unit_key, pay_run_id from {{ ref('int_commission_paid') }}),

    runs as (

        select unit_key, {{ joined_text('pay_run_id') }} as pay_run_ids

        from paid_by_runs
        group by unit_key

    ),

    lines as (

        select
            unit_key,
            max(person_id) as person_id,
            max(sales_rep_id) as sales_rep_id,
            max(opportunity_id) as opportunity_id,
            max(plan_period_start) as plan_period_start,
            cast(sum(paid_value) as decimal(18, 2)) as paid_value,
            max(case when is_unconverted then 1 else 0 end) = 1 as has_unconverted_lines,
            max(rounding_value) as rounding_value,
            sum(rounding_value) as rounding_of_lines,
            {{ joined_text('pay_line_id') }} as pay_line_ids,
            max(paid_on) as last_paid_on

        from {{ ref('int_commission_paid') }}
        group by unit_key

    )

select lines.*, runs.pay_run_ids, coalesce(repeats.repeated_value, 0) as repeated_value

from lines
left join runs on lines.unit_key = runs.unit_key
left join repeats on lines.unit_key = repeats.unit_key

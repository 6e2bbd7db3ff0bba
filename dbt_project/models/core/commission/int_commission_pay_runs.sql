with

    paid_regular_runs as (

        select
            runs.pay_run_id,
            runs.pay_period_start,
            runs.pay_period_end,
            runs.paid_on,
            case
                when {{ days_between('runs.pay_period_start', 'runs.pay_period_end') }} < 11
                then 'week'
                when {{ days_between('runs.pay_period_start', 'runs.pay_period_end') }} < 20
                then 'half_month'
                else 'month'
            end as pay_rhythm

        from {{ ref('int_pay_runs') }} as runs
        cross join {{ ref('dim_as_of') }} as warehouse
        where
            runs.run_type = 'regular'
            and runs.pay_period_start is not null
            and runs.paid_on <= warehouse.as_of_date

    )

{% for rhythm in ['pay_rhythm', "'any'"] -%}
    select {{ rhythm }} as pay_rhythm, pay_run_id, pay_period_start, pay_period_end, paid_on

    from paid_regular_runs
    {% if not loop.last %}
        union all

    {% endif -%}
{% endfor %}

with

    paid_regular_runs as (

        select
            runs.pay_run_id,
            periods.period_start as pay_period_start,
            periods.period_end as pay_period_end,
            coalesce(runs.paid_on, periods.period_end) as paid_on,
            case
                when {{ days_between('periods.period_start', 'periods.period_end') }} < 11
                then 'week'
                when {{ days_between('periods.period_start', 'periods.period_end') }} < 20
                then 'half_month'
                else 'month'
            end as pay_rhythm

        from {{ ref('stg_payroll__pay_runs') }} as runs
        inner join
            {{ ref('stg_payroll__pay_periods') }} as periods
            on runs.pay_period_id = periods.pay_period_id
        cross join {{ ref('dim_as_of') }} as warehouse
        where
            coalesce(runs.run_type, 'regular') = 'regular'
            and coalesce(runs.paid_on, periods.period_end) <= warehouse.as_of_date

    )

{% for rhythm in ['pay_rhythm', "'any'"] -%}
    select {{ rhythm }} as pay_rhythm, pay_run_id, pay_period_start, pay_period_end, paid_on

    from paid_regular_runs
    {% if not loop.last %}
        union all

    {% endif -%}
{% endfor %}

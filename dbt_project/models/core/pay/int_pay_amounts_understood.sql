{{ config(materialized='view') }}

{%- set histories = {
    'pay_runs': 'pay_run_id',
    'earning_codes': 'earning_code',
    'employees': 'employee_id',
} -%}
with

    settings as (select reporting_currency, time_zone from {{ ref('stg_company__settings') }}),

    -- Every version of a line states an amount and takes back the one before it.
    reported_amounts as (

        select
            pay_line_id,
            version_number,
            false as is_taken_back,
            employee_id,
            pay_run_id,
            earning_code,
            currency_code,
            pay_amount,
            valid_from as reported_at

        from {{ ref('stg_payroll__pay_lines_history') }}
        where not is_vanished

        union all

        select
            pay_line_id,
            version_number,
            true as is_taken_back,
            employee_id,
            pay_run_id,
            earning_code,
            currency_code,
            - pay_amount as pay_amount,
            valid_to as reported_at

        from {{ ref('stg_payroll__pay_lines_history') }}
        where not is_vanished and not is_current

    ),

    first_extract as (

        select
            min(reported_amounts.reported_at) as reported_at,
            min(
                {{ extract_date('reported_amounts.reported_at', 'settings.time_zone') }}
            ) as reported_date

        from reported_amounts
        cross join settings

    ),

    -- What a run, a code and an employee were known to be, day by day.
    {% for name, key in histories.items() %}
        {{ name }} as (

            select
                history.*,
                min(history.valid_from) over (partition by history.{{ key }}) as first_reported_at,
                {{ extract_date('history.valid_from', 'settings.time_zone') }} as reported_date,
                case
                    when history.is_current
                    then {{ open_end_date() }}
                    else {{ extract_date('history.valid_to', 'settings.time_zone') }}
                end as superseded_date

            from {{ ref('stg_payroll__' ~ name ~ '_history') }} as history
            cross join settings

        ),
    {% endfor %}
    -- A line says nothing of pay before its run, its code and its employee are known too.
    understood_amounts as (

        select
            reported_amounts.*,
            greatest(
                reported_amounts.reported_at,
                pay_runs.first_reported_at,
                earning_codes.first_reported_at,
                employees.first_reported_at
            ) as understood_at

        from reported_amounts
        {%- for name, key in histories.items() %}
            inner join
                {{ name }}
                on reported_amounts.{{ key }} = {{ name }}.{{ key }}
                and {{ name }}.version_number = 1
        {%- endfor %}

    ),

    dated_amounts as (

        select
            reported_amounts.*,
            {{ extract_date('reported_amounts.understood_at', 'settings.time_zone') }}
            as understood_date

        from understood_amounts as reported_amounts
        cross join settings

    )

select
    amounts.pay_line_id,
    amounts.version_number,
    amounts.is_taken_back,
    amounts.employee_id,
    coalesce(pay_runs.paid_on, periods.period_end) as paid_on,
    earning_codes.earning_class,
    amounts.pay_amount,
    coalesce(amounts.currency_code, settings.reporting_currency) as currency_code,
    amounts.understood_date,
    first_extract.reported_date as first_extract_date

from dated_amounts as amounts
cross join settings
cross join first_extract
inner join
    pay_runs
    on amounts.pay_run_id = pay_runs.pay_run_id
    and amounts.understood_date >= pay_runs.reported_date
    and amounts.understood_date < pay_runs.superseded_date
inner join
    earning_codes
    on amounts.earning_code = earning_codes.earning_code
    and amounts.understood_date >= earning_codes.reported_date
    and amounts.understood_date < earning_codes.superseded_date
left join
    {{ ref('stg_payroll__pay_periods') }} as periods
    on pay_runs.pay_period_id = periods.pay_period_id
where earning_codes.earning_class in ('fixed', 'variable', 'employer_cost')

{{ config(pre_hook="{{ join_as_written() }}", post_hook="{{ join_as_estimated() }}") }}
with

    settings as (select reporting_currency from {{ ref('stg_company__settings') }}),

    -- Nearly all lines are shown once and never change; only of the others the first showing is
    -- looked up.
    first_versions as (

        select pay_line_id, valid_from as told_at

        from {{ ref('stg_payroll__pay_lines_history') }}
        where has_other_versions and version_number = 1

    ),

    lines as (

        select
            history.pay_line_id,
            history.source_system,
            history.pay_run_id,
            history.employee_id,
            history.earning_code,
            history.hours,
            history.pay_amount,
            history.opportunity_id,
            history.reversal_of_id,
            coalesce(history.currency_code, settings.reporting_currency) as currency_code,
            coalesce(first_versions.told_at, history.valid_from) as told_at

        from {{ ref('stg_payroll__pay_lines_history') }} as history
        cross join settings
        left join first_versions on history.pay_line_id = first_versions.pay_line_id
        where history.is_current and not history.is_vanished

    ),

    people as (

        select
            accounts.system_person_id as employee_id,
            accounts.person_id,
            accounts.person_key,
            people.sales_rep_id

        from {{ ref('bridge_person') }} as accounts
        inner join {{ ref('dim_person') }} as people on accounts.person_id = people.person_id
        where accounts.system_name = 'payroll'

    )

select
    lines.pay_line_id,
    lines.source_system,
    {{ or_unknown('people.person_id') }} as person_id,
    people.person_key,
    lines.employee_id,
    people.sales_rep_id,
    lines.pay_run_id,
    runs.run_type,
    runs.pay_period_start,
    runs.pay_period_end,
    runs.paid_on,
    lines.earning_code,
    coalesce(codes.earning_class, 'unknown') as earning_class,
    coalesce(codes.is_commission, false) as is_commission,
    lines.hours,
    lines.currency_code,
    lines.pay_amount,
    rates.exchange_rate,
    rates.exchange_rate_date,
    {{ converted_pay('lines.pay_amount', 'rates.exchange_rate') }} as pay_value,
    lines.opportunity_id,
    lines.reversal_of_id,
    lines.told_at,
    case
        when people.employee_id is null
        then 'unknown_employee'
        when runs.paid_on is null
        then 'unknown_run'
        when codes.earning_code is null
        then 'unknown_earning_code'
        when rates.exchange_rate is null
        then 'no_exchange_rate'
    end as problem

from lines
left join people on lines.employee_id = people.employee_id
left join {{ ref('int_pay_runs') }} as runs on lines.pay_run_id = runs.pay_run_id
left join
    {{ ref('stg_payroll__earning_codes') }} as codes on lines.earning_code = codes.earning_code
left join
    {{ ref('int_fx_rates_daily') }} as rates
    on lines.currency_code = rates.currency_code
    and runs.paid_on = rates.rate_date

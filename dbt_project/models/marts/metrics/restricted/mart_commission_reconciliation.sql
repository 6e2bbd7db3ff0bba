-- noqa: disable=LT02,LT05,ST06
with

paid_regular_runs as (

    select
        runs.pay_run_id,
        periods.period_start as pay_period_start,
        coalesce(runs.paid_on, periods.period_end) as paid_on,
        case
            when {{ days_between('periods.period_start', 'periods.period_end') }} < 11 then 'week'
            when {{ days_between('periods.period_start', 'periods.period_end') }} < 20 then 'half_month'
            else 'month'
        end as pay_rhythm

    from {{ ref('stg_payroll__pay_runs') }} as runs
    inner join {{ ref('stg_payroll__pay_periods') }} as periods
        on runs.pay_period_id = periods.pay_period_id
    cross join {{ ref('int_warehouse_as_of') }} as warehouse
    where
        coalesce(runs.run_type, 'regular') = 'regular'
        and coalesce(runs.paid_on, periods.period_end) <= warehouse.as_of_date

),

last_runs as (

    select
        pay_rhythm,
        max(pay_period_start) as last_pay_period_start,
        max(paid_on) as last_paid_on

    from paid_regular_runs
    group by pay_rhythm

),

last_run_of_all as (

    select
        max(last_pay_period_start) as last_pay_period_start,
        max(last_paid_on) as last_paid_on

    from last_runs

),

-- How somebody is paid commission says more than how the salary is paid.
paid_people as (

    select
        lines.person_id,
        runs.pay_rhythm,
        max(case when lines.is_commission then runs.paid_on end) as commission_paid_on,
        max(runs.paid_on) as last_paid_on

    from {{ ref('fct_payroll_line') }} as lines
    inner join paid_regular_runs as runs on lines.pay_run_id = runs.pay_run_id
    group by
        lines.person_id,
        runs.pay_rhythm

),

ranked_rhythms as (

    select
        person_id,
        pay_rhythm,
        row_number() over (
            partition by person_id
            order by
                coalesce(commission_paid_on, {{ open_start_date() }}) desc,
                last_paid_on desc,
                pay_rhythm asc
        ) as place

    from paid_people

),

people as (

    select distinct person_id

    from {{ ref('bridge_person') }}

),

-- Commission is due once the first regular run of a later pay period has been paid to those who are paid
-- at the seller's rhythm. Where nobody has been for two months, or the seller never was, any run counts:
-- what is owed must not wait for ever.
due_until as (

    select
        people.person_id,
        coalesce(last_runs.last_pay_period_start, last_run_of_all.last_pay_period_start)
            as last_pay_period_start,
        coalesce(last_runs.last_paid_on, last_run_of_all.last_paid_on) as last_paid_on

    from people
    cross join last_run_of_all
    left join ranked_rhythms as rhythms
        on
            people.person_id = rhythms.person_id
            and rhythms.place = 1
    left join last_runs
        on
            rhythms.pay_rhythm = last_runs.pay_rhythm
            and {{ days_between('last_runs.last_paid_on', 'last_run_of_all.last_paid_on') }} <= 62

),

commission as (

    select
        rows_of_rules.*,
        {{ reconciled_unit('rows_of_rules') }} as unit_key,
        coalesce(rows_of_rules.plan_period_end < due_until.last_pay_period_start, false) as is_due

    from {{ ref('fct_commission') }} as rows_of_rules
    left join due_until on rows_of_rules.person_id = due_until.person_id

),

calculated as (

    select
        unit_key,
        max(person_id) as person_id,
        max(sales_rep_id) as sales_rep_id,
        max(opportunity_id) as opportunity_id,
        max(case when opportunity_id is null then plan_period_start end) as plan_period_start,
        sum(case when is_due then commission_value else 0 end) as calculated_value,
        sum(case when is_due then 0 else commission_value end) as pending_value,
        max(case when is_due then 1 else 0 end) = 0 as is_pending,
        sum(case when is_due and rule in ('clawback', 'reinstatement') then commission_value else 0 end)
            as clawback_value,
        sum(case when rule = 'rate' then commission_value else 0 end) as rate_value

    from commission
    group by unit_key

),

dated_credits as (

    select
        credits.*,
        {{ reconciled_unit('credits') }} as unit_key,
        -- What was paid for an earlier win stands at its rate until the later one is due, and what is
        -- given back at that of the win that it was earned by.
        row_number() over (
            partition by {{ reconciled_unit('credits') }}
            order by
                case when credits.plan_period_end < due_until.last_pay_period_start then 0 else 1 end asc,
                credits.credit_date desc,
                credits.won_date asc
        ) as place

    from {{ ref('fct_credit') }} as credits
    left join due_until on credits.person_id = due_until.person_id
    where
        credits.credit_kind in ('win', 'reinstatement')
        and credits.person_id is not null

),

credits as (

    select
        unit_key,
        max(sales_rep_id) as sales_rep_id,
        max(won_date) as credit_date,
        max(case when place = 1 then won_date end) as paid_as_of_date,
        sum(case when credit_kind = 'win' then credit_value else 0 end) as credit_value,
        max(plan_id) as plan_id,
        max(plan_version) as plan_version,
        max(case when problem in ('before_hire', 'after_exit') then problem end) as employment_problem

    from dated_credits
    group by unit_key

),

-- What was paid for a deal that has since been merged was paid for the deal that stayed, also where that
-- was merged in its turn: each round follows twice as many merges as the one before, so that six follow
-- 64. Many systems delete what was merged, so deals that vanished are followed too.
followed_once as (

    select
        opportunity_id,
        merged_into_id as surviving_id

    from {{ ref('stg_crm__opportunities_history') }}
    where
        is_current
        and merged_into_id <> opportunity_id

),
{% set rounds = ['once', 'twice', 'to_4', 'to_8', 'to_16', 'to_32', 'to_64'] %}
{%- for before, round in zip(rounds, rounds[1:]) %}

followed_{{ round }} as (

    select
        deals.opportunity_id,
        coalesce(survivors.surviving_id, deals.surviving_id) as surviving_id

    from followed_{{ before }} as deals
    left join followed_{{ before }} as survivors
        on deals.surviving_id = survivors.opportunity_id

),
{%- endfor %}

merged_deals as (

    select * from followed_to_64

),

-- An extract can hold a run before the day on which it is paid.
paid_lines as (

    select
        lines.pay_line_id,
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
    cross join {{ ref('int_warehouse_as_of') }} as warehouse
    left join merged_deals on lines.opportunity_id = merged_deals.opportunity_id
    where coalesce(lines.paid_on <= warehouse.as_of_date, true)

),

reversed_lines as (

    select distinct reversal_of_id

    from paid_lines
    where reversal_of_id is not null

),

-- What is paid for no deal belongs to the plan period that ended last before the pay period began.
placed_lines as (

    select
        lines.pay_line_id,
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
                then case coalesce(plans.period_grain, assignments.period_grain, 'month')
                    {%- for grain in period_grains() %}
                    when '{{ grain }}' then before_{{ grain }}.{{ grain }}_start
                    {%- endfor %}
                end
        end as plan_period_start

    from paid_lines as lines
    left join reversed_lines on lines.pay_line_id = reversed_lines.reversal_of_id
    left join {{ ref('int_plan_assignments_held') }} as assignments
        on
            lines.person_id = assignments.person_id
            and lines.pay_period_start > assignments.valid_from_date
            and lines.pay_period_start <= assignments.valid_to_date
    left join {{ ref('dim_compensation_plan') }} as plans
        on
            assignments.plan_id = plans.plan_id
            and lines.pay_period_start > plans.valid_from_date
            and lines.pay_period_start <= plans.valid_to_date
    left join {{ ref('dim_date') }} as calendar on lines.pay_period_start = calendar.date_day
    {%- for grain in period_grains() %}
    left join {{ ref('dim_date') }} as before_{{ grain }}
        on {{ plus_days('calendar.' ~ grain ~ '_start', -1) }} = before_{{ grain }}.date_day
    {%- endfor %}
    where lines.is_commission

),

-- At the rate of the credit's date, a difference is never the exchange rate's.
converted_lines as (

    select
        lines.*,
        {{ reconciled_unit('lines') }} as unit_key,
        coalesce(
            {{ converted('lines.pay_amount', 'rates.exchange_rate') }}, lines.pay_value, 0
        ) as paid_value,
        rates.exchange_rate is null and lines.pay_value is null as is_unconverted,
        cast(
            greatest(coalesce(rates.exchange_rate, 1), 1) * 0.01 as decimal(18, 2)
        ) as rounding_value

    from placed_lines as lines
    left join credits on {{ reconciled_unit('lines') }} = credits.unit_key
    left join {{ ref('int_fx_rates_daily') }} as rates
        on
            lines.currency_code = rates.currency_code
            and coalesce(credits.paid_as_of_date, lines.plan_period_start, lines.paid_on) = rates.rate_date

),

paid as (

    select
        unit_key,
        max(person_id) as person_id,
        max(sales_rep_id) as sales_rep_id,
        max(opportunity_id) as opportunity_id,
        max(plan_period_start) as plan_period_start,
        sum(paid_value) as paid_value,
        max(case when is_unconverted then 1 else 0 end) = 1 as has_unconverted_lines,
        max(rounding_value) as rounding_value

    from converted_lines
    group by unit_key

),

repeated_amounts as (

    select
        unit_key,
        sum(paid_value) - max(paid_value) as repeated_value

    from converted_lines
    where not is_undone
    group by
        unit_key,
        earning_code,
        currency_code,
        pay_amount
    having count(*) > 1

),

repeats as (

    select
        unit_key,
        sum(repeated_value) as repeated_value

    from repeated_amounts
    group by unit_key

),

-- What was approved is due with the next regular run.
approved_adjustments as (

    select
        people.person_id,
        coalesce(merged_deals.surviving_id, adjustments.opportunity_id) as opportunity_id,
        cast(null as date) as plan_period_start,
        adjustments.adjustment_amount,
        coalesce(adjustments.currency_code, settings.reporting_currency) as currency_code,
        adjustments.approved_on,
        coalesce(adjustments.approved_on <= due_until.last_paid_on, false) as is_due

    from {{ ref('stg_payroll__commission_adjustments') }} as adjustments
    left join merged_deals on adjustments.opportunity_id = merged_deals.opportunity_id
    inner join {{ ref('bridge_person') }} as people
        on
            people.system_name = 'payroll'
            and adjustments.employee_id = people.system_person_id
    cross join {{ ref('stg_company__settings') }} as settings
    cross join {{ ref('int_warehouse_as_of') }} as warehouse
    left join due_until on people.person_id = due_until.person_id
    where adjustments.approved_on <= warehouse.as_of_date

),

converted_adjustments as (

    select
        adjustments.person_id,
        adjustments.opportunity_id,
        adjustments.is_due,
        {{ reconciled_unit('adjustments') }} as unit_key,
        {{ converted(
            'adjustments.adjustment_amount',
            'coalesce(rates.exchange_rate, approval_rates.exchange_rate)',
        ) }} as adjustment_value

    from approved_adjustments as adjustments
    left join credits on {{ reconciled_unit('adjustments') }} = credits.unit_key
    left join {{ ref('int_fx_rates_daily') }} as rates
        on
            adjustments.currency_code = rates.currency_code
            and coalesce(credits.paid_as_of_date, adjustments.approved_on) = rates.rate_date
    left join {{ ref('int_fx_rates_daily') }} as approval_rates
        on
            adjustments.currency_code = approval_rates.currency_code
            and adjustments.approved_on = approval_rates.rate_date

),

approved as (

    select
        unit_key,
        max(person_id) as person_id,
        max(opportunity_id) as opportunity_id,
        sum(case when is_due then adjustment_value else 0 end) as adjustment_value,
        sum(case when is_due then 0 else adjustment_value end) as pending_value,
        max(case when is_due then 1 else 0 end) = 0 as is_pending

    from converted_adjustments
    group by unit_key

),

unit_keys as (

    select unit_key from calculated
    union distinct
    select unit_key from paid
    union distinct
    select unit_key from approved

),

units as (

    select
        unit_keys.unit_key,
        coalesce(calculated.person_id, paid.person_id, approved.person_id) as person_id,
        coalesce(calculated.sales_rep_id, credits.sales_rep_id, paid.sales_rep_id) as sales_rep_id,
        coalesce(calculated.opportunity_id, paid.opportunity_id, approved.opportunity_id)
            as opportunity_id,
        coalesce(calculated.plan_period_start, paid.plan_period_start) as plan_period_start,
        credits.credit_date,
        credits.credit_value,
        credits.plan_id,
        credits.plan_version,
        credits.employment_problem,
        coalesce(calculated.calculated_value, 0) as calculated_value,
        coalesce(calculated.pending_value, 0) + coalesce(approved.pending_value, 0) as pending_value,
        coalesce(calculated.is_pending, true)
        and coalesce(approved.is_pending, true)
        and coalesce(calculated.unit_key, approved.unit_key) is not null as is_pending,
        coalesce(calculated.clawback_value, 0) as clawback_value,
        coalesce(calculated.rate_value, 0) as rate_value,
        coalesce(approved.adjustment_value, 0) as adjustment_value,
        coalesce(paid.paid_value, 0) as paid_value,
        coalesce(paid.has_unconverted_lines, false) as has_unconverted_lines,
        coalesce(repeats.repeated_value, 0) as repeated_value,
        coalesce(paid.rounding_value, 0.01) as rounding_value

    from unit_keys
    left join calculated on unit_keys.unit_key = calculated.unit_key
    left join paid on unit_keys.unit_key = paid.unit_key
    left join approved on unit_keys.unit_key = approved.unit_key
    left join credits on unit_keys.unit_key = credits.unit_key
    left join repeats on unit_keys.unit_key = repeats.unit_key

),

compared as (

    select
        *,
        paid_value - adjustment_value - calculated_value as difference_value

    from units

),

first_plans as (

    select
        person_id,
        min(valid_from_date) as first_plan_date

    from {{ ref('int_plan_assignments_held') }}
    group by person_id

),

-- What was paid before the first plan that anybody told of cannot be compared with one. A plan that has
-- ended is no such case: whoever is still paid by it is paid too much.
judged as (

    select
        compared.*,
        case
            when compared.is_pending then 'pending'
            when abs(compared.difference_value) <= compared.rounding_value then 'matched'
            when abs(compared.difference_value - compared.pending_value) <= compared.rounding_value
                then 'pending'
            when
                compared.calculated_value = 0
                and compared.adjustment_value = 0
                and compared.employment_problem is null
                and compared.person_id <> 'unknown'
                and coalesce(
                    coalesce(compared.credit_date, compared.plan_period_start)
                    < first_plans.first_plan_date,
                    first_plans.first_plan_date is null
                )
                then 'no_plan'
            else 'different'
        end as status

    from compared
    left join first_plans on compared.person_id = first_plans.person_id

),

-- What other versions of the plan would have given, and the other rates of any of them.
other_amounts as (

    select
        {{ reconciled_unit('replays') }} as unit_key,
        sum(replays.rate_value + replays.spif_value + replays.cap_taken_value) as other_value

    from {{ ref('int_commission_replayed') }} as replays
    where not replays.is_in_force
    group by
        {{ reconciled_unit('replays') }},
        replays.plan_version

    union all

    select
        judged.unit_key,
        {{ weighted('judged.credit_value', 'tiers.rate') }} as other_value

    from judged
    inner join {{ ref('stg_payroll__rate_tiers') }} as tiers on judged.plan_id = tiers.plan_id
    where
        judged.status = 'different'
        -- The rate that was earned by is no other one: what is missing or too much is something else.
        and abs({{ weighted('judged.credit_value', 'tiers.rate') }} - judged.rate_value)
        > judged.rounding_value

),

paid_by_other_rates as (

    select distinct judged.unit_key

    from judged
    inner join other_amounts
        on
            judged.unit_key = other_amounts.unit_key
            and abs(judged.paid_value - judged.adjustment_value - other_amounts.other_value)
            <= judged.rounding_value
    where
        judged.status = 'different'
        and judged.paid_value <> 0

)

select
    judged.person_id,
    judged.sales_rep_id,
    judged.opportunity_id,
    judged.plan_period_start,
    judged.credit_date,
    cast(judged.credit_value as decimal(18, 2)) as credit_value,
    judged.plan_id,
    judged.plan_version,
    cast(judged.calculated_value as decimal(18, 2)) as calculated_value,
    cast(judged.adjustment_value as decimal(18, 2)) as adjustment_value,
    cast(judged.paid_value as decimal(18, 2)) as paid_value,
    cast(judged.pending_value as decimal(18, 2)) as pending_value,
    cast(case when judged.status <> 'no_plan' then judged.difference_value end as decimal(18, 2))
        as difference_value,
    judged.status,
    case
        when judged.status <> 'different' then null
        when
            judged.repeated_value <> 0
            and abs(judged.difference_value - judged.repeated_value) <= judged.rounding_value
            then 'duplicate'
        when judged.difference_value > 0 and judged.employment_problem is not null
            then judged.employment_problem
        when
            judged.clawback_value < 0
            and abs(judged.difference_value + judged.clawback_value) <= judged.rounding_value
            then 'clawback_due'
        when paid_by_other_rates.unit_key is not null then 'wrong_rate'
        when
            judged.paid_value = 0
            and not judged.has_unconverted_lines
            and judged.difference_value < 0
            then 'missing'
        when judged.difference_value > 0 then 'overpaid'
        else 'underpaid'
    end as reason

from judged
left join paid_by_other_rates on judged.unit_key = paid_by_other_rates.unit_key

-- At the rate of the credit's date, a difference is never the exchange rate's.
select
    lines.pay_line_id,
    lines.pay_run_id,
    {{ reconciled_unit('lines') }} as unit_key,
    lines.person_id,
    lines.sales_rep_id,
    lines.opportunity_id,
    lines.plan_period_start,
    lines.earning_code,
    lines.currency_code,
    lines.pay_amount,
    lines.paid_on,
    lines.is_undone,
    coalesce(
        {{ converted_pay('lines.pay_amount', 'rates.exchange_rate') }}, lines.pay_value, 0
    ) as paid_value,
    rates.exchange_rate is null and lines.pay_value is null as is_unconverted,
    cast(greatest(coalesce(rates.exchange_rate, 1), 1) * 0.01 as decimal(18, 2)) as rounding_value

from {{ ref('int_commission_lines') }} as lines
left join
    {{ ref('int_commission_credited') }} as credits
    on {{ reconciled_unit('lines') }} = credits.unit_key
left join
    {{ ref('int_fx_rates_daily') }} as rates
    on lines.currency_code = rates.currency_code
    and coalesce(credits.paid_as_of_date, lines.plan_period_start, lines.paid_on) = rates.rate_date

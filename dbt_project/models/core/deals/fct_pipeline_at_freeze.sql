{%- set carried = ['opportunity_id'] + level_columns(deal_levels()) + [
    'currency_code', 'open_amount', 'has_creation_date',
] %}
with

    frozen_periods as (

        select * from {{ ref('dim_period') }} where is_frozen and period_grain <> 'week'

    ),

    signed_deals as (

        select
            1 as sign,
            periods.period_grain,
            periods.period_start,
            periods.period_end
            {%- for column in carried %}, spans.{{ column }} {%- endfor %}

        from {{ ref('fct_pipeline_span') }} as spans
        inner join
            frozen_periods as periods
            on spans.valid_from_date <= periods.period_end
            and spans.valid_to_date > periods.period_end

        union all

        select
            spans.sign,
            periods.period_grain,
            periods.period_start,
            periods.period_end
            {%- for column in carried %}, spans.{{ column }} {%- endfor %}

        from {{ ref('int_pipeline_spans_at_freeze') }} as spans
        inner join
            frozen_periods as periods
            on spans.frozen_grain = periods.period_grain
            and spans.frozen_start = periods.period_start
            and spans.valid_from_date <= periods.period_end
            and spans.valid_to_date > periods.period_end

    ),

    -- What is known now and was not known then cancels out.
    deals as (

        select
            period_grain,
            period_start,
            period_end
            {%- for column in carried %}, {{ column }} {%- endfor %}

        from signed_deals
        group by
            period_grain,
            period_start,
            period_end
            {%- for column in carried %}, {{ column }} {%- endfor %}
        having sum(sign) > 0

    )

select
    deals.period_grain,
    deals.period_start,
    deals.period_end
    {%- for column in carried %}, deals.{{ column }} {%- endfor %},
    cast(
        {{ converted_sum('deals.open_amount', 'rates.exchange_rate') }} as decimal(28, 10)
    ) as open_value

from deals
left join
    {{ ref('fct_exchange_rate_held') }} as rates
    on deals.currency_code = rates.currency_code
    and deals.period_end = rates.rate_date

{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set levels = rep_levels() -%}
{#- Pay of a rep is one person's: fct_seller_pay has it. -#}
{%- do levels.pop('rep') %}
with

    closings as (select * from {{ ref('fct_closing') }} where basis = 'restated'),

    won_by_member as (

        {{ rolled_up_by('closings', ['period_grain', 'period_start', 'period_end'], levels=levels, measures={
            'won_value': money_sum('case when facts.is_won then facts.opportunity_value end'),
        }) }}

    ),

    frozen_periods as (select * from {{ ref('dim_period') }} where is_frozen),

    cells as (

        select
            frozen.period_grain,
            frozen.period_start,
            frozen.period_end,
            cells.level,
            cells.member_id,
            cells.people,
            cells.fixed_value,
            cells.variable_value,
            cells.employer_cost_value,
            coalesce(won.won_value, 0) as won_value,
            cells.suppression_reason

        from {{ ref('fct_pay_cell') }} as cells
        inner join
            frozen_periods as frozen
            on cells.period_grain = frozen.period_grain
            and cells.period_start = frozen.period_start
        cross join {{ ref('dim_as_of') }} as warehouse
        left join
            won_by_member as won
            on cells.period_grain = won.period_grain
            and cells.period_start = won.period_start
            and cells.level = won.level
            and cells.member_id = won.member_id
        -- On the day of the freeze itself another extract may still come.
        where frozen.frozen_date < warehouse.as_of_date

    )

select
    cells.period_grain,
    cells.period_start,
    cells.period_end,
    cells.level,
    cells.member_id,
    coalesce(members.member_name, cells.member_id) as member_name,
    'restated' as basis,

    cells.fixed_value,
    cells.variable_value,
    cells.employer_cost_value,
    cast(cells.won_value as decimal(18, 2)) as won_value,
    cast(
        cells.fixed_value + cells.variable_value + cells.employer_cost_value as decimal(18, 2)
    ) as cost_of_sales,
    {{ ratio('cells.variable_value', 'cells.won_value') }} as effective_commission_rate,
    cells.people,
    cells.suppression_reason,
    periods.period_label,
    periods.is_running,
    periods.elapsed_business_days

from cells
left join
    {{ ref('dim_member') }} as members
    on cells.level = members.level
    and cells.member_id = members.member_id
left join
    {{ ref('dim_period') }} as periods
    on cells.period_grain = periods.period_grain
    and cells.period_start = periods.period_start

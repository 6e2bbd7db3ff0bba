{#- Linted as Spark's SQL: sqlfluff does not know that DuckDB has grouping sets. -#}
-- sqlfluff:dialect:sparksql
{%- set keys = ['period_grain', 'period_start', 'period_end'] %}
with

    bands as (

        {%- for name in response_band_names() %}
            select
                '{{ name }}' as response_band,
                {{ loop.index }} as band_order
                {{ 'union all' if not loop.last }}
        {%- endfor %}

    ),

    counted_bands as (

        {{ rolled_up_by(
            ref('fct_lead_creation'), keys + ['response_band'], levels=lead_levels(),
            managers_on='created_date', measures={
                'leads': 'count(*)',
                'qualified_leads': 'sum(case when facts.is_qualified then 1 else 0 end)',
            }
        ) }}

    ),

    by_member as (

        select counted_bands.*, bands.band_order

        from counted_bands
        left join bands on counted_bands.response_band = bands.response_band

    ),

    -- Beside each band the next slower one that has leads of the same member.
    beside_next as (

        select
            *,
            leads - qualified_leads as others,
            lead(qualified_leads) over by_speed as next_qualified_leads,
            lead(leads - qualified_leads) over by_speed as next_others

        from by_member
        where band_order is not null
        window
            by_speed as (
                partition by basis, period_grain, period_start, level, member_id order by band_order
            )

    ),

    -- Haldane and Anscombe: where one of the four counts is 0, half a lead is added to each, or the
    -- odds would be 0 or endless.
    cells as (

        select
            *,
            {%- for count in ['qualified_leads', 'others', 'next_qualified_leads', 'next_others'] %}
                cast({{ count }} as double) + case
                    when
                        qualified_leads = 0
                        or others = 0
                        or next_qualified_leads = 0
                        or next_others = 0
                    then 0.5
                    else 0.0
                end as {{ count }}_cell{{ ',' if not loop.last }}
            {%- endfor %}

        from beside_next
        where next_qualified_leads is not null

    ),

    -- Woolf, 1955: the logarithm of the ratio is about normal, and its variance the sum of the four
    -- reciprocals.
    odds as (

        select
            *,
            ln(
                (qualified_leads_cell * next_others_cell)
                / (others_cell * next_qualified_leads_cell)
            ) as log_odds_ratio,
            1.959963984540054 * sqrt(
                1 / qualified_leads_cell
                + 1 / others_cell
                + 1 / next_qualified_leads_cell
                + 1 / next_others_cell
            ) as half_width

        from cells

    )

select
    by_member.period_grain,
    by_member.period_start,
    by_member.period_end,
    by_member.level,
    by_member.member_id,
    coalesce(members.member_name, by_member.member_id) as member_name,
    by_member.basis,
    by_member.response_band,
    cast(by_member.band_order as bigint) as band_order,

    cast(by_member.leads as bigint) as leads,
    cast(by_member.qualified_leads as bigint) as qualified_leads,
    {{ ratio('by_member.qualified_leads', 'by_member.leads') }} as qualifying_share,
    exp(odds.log_odds_ratio) as qualifying_odds_ratio,
    exp(odds.log_odds_ratio - odds.half_width) as qualifying_odds_ratio_lower,
    exp(odds.log_odds_ratio + odds.half_width) as qualifying_odds_ratio_upper,
    periods.period_label,
    periods.is_running,
    periods.elapsed_business_days

from by_member
left join
    odds
    on by_member.basis = odds.basis
    and by_member.period_grain = odds.period_grain
    and by_member.period_start = odds.period_start
    and by_member.level = odds.level
    and by_member.member_id = odds.member_id
    and by_member.response_band = odds.response_band
left join
    {{ ref('dim_member') }} as members
    on by_member.level = members.level
    and by_member.member_id = members.member_id
left join
    {{ ref('dim_period') }} as periods
    on by_member.period_grain = periods.period_grain
    and by_member.period_start = periods.period_start

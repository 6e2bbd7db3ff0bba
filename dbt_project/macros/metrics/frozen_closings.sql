{#
    The closings of each period as they were known `close_lag_days` after its end, for rolled_up_by:
    one row per closing and length of period, of periods that have been frozen.

    Every closing counts, also of a deal that was reopened later. Most deals do not change once they
    are decided and stand as they are now; of the others, the state that held on the day of the
    freeze is looked up. A change that was recorded only after that day is not heard.

    Arguments:
        columns: columns of fct_opportunity to hand through; is_won and opportunity_value are those
            of the freeze.

    Gives: basis, period_grain, period_start, period_end, the columns of the levels, then these.
#}
{% macro frozen_closings(columns) %}
    {%- set members = level_columns(deal_levels()) %}
    {%- for grain in period_grains() %}
    select
        'as_closed' as basis,
        '{{ grain }}' as period_grain,
        calendar.{{ grain }}_start as period_start,
        calendar.{{ grain }}_end as period_end,
        {%- for column in members + columns %}
        deals.{{ column }}{{ ',' if not loop.last }}
        {%- endfor %}

    from {{ ref('fct_opportunity') }} as deals
    inner join {{ ref('dim_date') }} as calendar on deals.closed_date = calendar.date_day
    cross join {{ ref('int_warehouse_as_of') }} as warehouse
    where
        deals.is_closed
        and deals.is_settled
        and not deals.was_excluded
        and {{ plus_days('calendar.' ~ grain ~ '_end', 'warehouse.close_lag_days') }} <= warehouse.as_of_date

    union all

    select
        'as_closed' as basis,
        period_grain,
        period_start,
        period_end,
        {%- for column in members + columns %}
        {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}

    from (
        select
            '{{ grain }}' as period_grain,
            calendar.{{ grain }}_start as period_start,
            calendar.{{ grain }}_end as period_end,
            {%- for column in members + columns %}
            {{ 'versions' if column in ['is_won', 'opportunity_value'] else 'deals' }}.{{ column }},
            {%- endfor %}
            versions.is_excluded,
            row_number() over (
                partition by deals.opportunity_id, deals.episode
                order by versions.valid_from desc
            ) as recency

        from {{ ref('fct_opportunity') }} as deals
        inner join {{ ref('dim_date') }} as calendar on deals.closed_date = calendar.date_day
        cross join {{ ref('int_warehouse_as_of') }} as warehouse
        inner join {{ ref('fct_opportunity_version') }} as versions
            on
                deals.opportunity_id = versions.opportunity_id
                and deals.episode = versions.episode
                and {{ plus_days('calendar.' ~ grain ~ '_end', 'warehouse.close_lag_days') }} >= versions.valid_from_date
        where
            deals.is_closed
            and not deals.is_settled
            and versions.is_closed
            and {{ plus_days('calendar.' ~ grain ~ '_end', 'warehouse.close_lag_days') }} <= warehouse.as_of_date
            and not (
                versions.is_recorded_late
                and versions.recorded_on
                > {{ plus_days('calendar.' ~ grain ~ '_end', 'warehouse.close_lag_days') }}
            )
    ) as states
    where
        recency = 1
        and not is_excluded
    {{ 'union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}

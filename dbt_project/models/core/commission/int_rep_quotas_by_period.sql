{{ config(materialized='view') }}

with

    -- A ramped quota, lowered for a new hire, comes before the full one.
    set_quotas as (

        select
            member_id as sales_rep_id,
            period_grain,
            period_start,
            coalesce(
                sum(case when quota_kind = 'ramped' then quota_value end),
                sum(case when quota_kind = 'full' then quota_value end)
            ) as quota_value

        from {{ ref('fct_quota') }}
        where level = 'rep' and is_in_force
        group by member_id, period_grain, period_start

    ),

    dated_quotas as (

        select
            quotas.sales_rep_id,
            quotas.period_grain,
            quotas.quota_value,
            {%- for grain in period_grains() %}
                calendar.{{ grain }}_start{{ ',' if not loop.last }}
            {%- endfor %}

        from set_quotas as quotas
        inner join {{ ref('dim_date') }} as calendar on quotas.period_start = calendar.date_day

    ),

    -- Each counts for its own period and for the longer ones that it is part of, up to the first
    -- that has one of its own.
    offered_quotas as (

        {% for grain in period_grains() -%}
            {%- set grains = period_grains()[:loop.index] -%}
            select
                quotas.sales_rep_id,
                '{{ grain }}' as period_grain,
                quotas.{{ grain }}_start as period_start,
                quotas.quota_value

            from dated_quotas as quotas
            {%- for longer in grains[1:] %}
                left join
                    set_quotas as set_by_{{ longer }}
                    on quotas.period_grain in (
                        {% for part in grains[:loop.index] %}
                            '{{ part }}'{{ ', ' if not loop.last }}
                        {% endfor %}
                    )
                    and set_by_{{ longer }}.period_grain = '{{ longer }}'
                    and quotas.sales_rep_id = set_by_{{ longer }}.sales_rep_id
                    and quotas.{{ longer }}_start = set_by_{{ longer }}.period_start
            {%- endfor %}
            where
                quotas.period_grain
                in ({% for part in grains %}'{{ part }}'{{ ', ' if not loop.last }}{% endfor %})
                {%- for longer in grains[1:] %}
                    and set_by_{{ longer }}.sales_rep_id is null
                {%- endfor %}
            {% if not loop.last %}
                union all
            {% endif %}

        {% endfor %}

    )

select
    sales_rep_id,
    period_grain,
    period_start,
    cast(sum(quota_value) as decimal(18, 2)) as quota_value

from offered_quotas
group by sales_rep_id, period_grain, period_start

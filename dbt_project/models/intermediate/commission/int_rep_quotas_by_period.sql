-- noqa: disable=LT05,ST06
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
    where
        level = 'rep'
        and is_in_force
    group by
        member_id,
        period_grain,
        period_start

),

-- Each counts for its own period and for the longer ones that it is part of.
offered_quotas as (

    {% for grain in period_grains() -%}
    select
        quotas.sales_rep_id,
        '{{ grain }}' as period_grain,
        calendar.{{ grain }}_start as period_start,
        quotas.quota_value,
        case quotas.period_grain
            {%- for set_grain in period_grains() | reverse %}
            when '{{ set_grain }}' then {{ loop.index }}
            {%- endfor %}
        end as preference

    from set_quotas as quotas
    inner join {{ ref('dim_date') }} as calendar on quotas.period_start = calendar.date_day
    where
        quotas.period_grain in (
            {%- for set_grain in period_grains()[:loop.index] %}'{{ set_grain }}'{{ ', ' if not loop.last }}{% endfor -%}
        )
    {% if not loop.last %}union all{% endif %}

    {% endfor %}

),

summed_quotas as (

    select
        sales_rep_id,
        period_grain,
        period_start,
        preference,
        cast(sum(quota_value) as decimal(18, 2)) as quota_value

    from offered_quotas
    group by
        sales_rep_id,
        period_grain,
        period_start,
        preference

),

ranked_quotas as (

    select
        *,
        row_number() over (
            partition by sales_rep_id, period_grain, period_start
            order by preference
        ) as place

    from summed_quotas

)

select
    sales_rep_id,
    period_grain,
    period_start,
    quota_value

from ranked_quotas
where place = 1

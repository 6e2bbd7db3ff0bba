-- noqa: disable=LT02,LT05,ST06
with

people as (

    select
        person_id,
        min(month_start) as first_month_start

    from {{ ref('fct_seller_pay') }}
    group by person_id

),

fiscal_months as (

    select distinct
        month_start,
        quarter_start,
        year_start

    from {{ ref('dim_date') }}

),

pay as (

    select
        fiscal_months.month_start,
        fiscal_months.quarter_start,
        fiscal_months.year_start,
        pay.person_id,
        people.first_month_start,
        pay.fixed_value,
        pay.employer_cost_value,
        grouped.is_safe,
        coalesce(over_time.is_steady, false) as is_told,
        coalesce(over_time.is_steady, false) as is_seen

    from {{ ref('fct_seller_pay') }} as pay
    inner join fiscal_months on pay.month_start = fiscal_months.month_start
    inner join people on pay.person_id = people.person_id
    inner join {{ ref('int_pay_groups') }} as grouped
        on
            pay.month_start = grouped.month_start
            and pay.person_id = grouped.person_id
            and pay.branch_id = grouped.branch_id
            and pay.team_id = grouped.team_id
            and pay.territory_id = grouped.territory_id
    left join {{ ref('int_pay_groups_over_time') }} as over_time
        on
            grouped.month_start = over_time.month_start
            and grouped.group_name = over_time.group_name

),
{% for grain in period_grains() %}
{%- set given = 'pay' if loop.first else 'told_with_' ~ loop.previtem ~ 's' %}
people_by_{{ grain }} as (

    select
        {{ grain }}_start,
        person_id,
        min(case when is_safe then 1 else 0 end) as is_safe,
        min(case when is_told then 1 else 0 end) as is_told,
        max(case when is_seen then 1 else 0 end) as is_seen,
        min(first_month_start) as first_month_start,
        sum(fixed_value) as fixed_value,
        sum(employer_cost_value) as employer_cost_value

    from {{ given }}
    group by
        {{ grain }}_start,
        person_id

),

newcomers_by_{{ grain }} as (

    select
        *,
        case when is_seen = 0 and first_month_start >= {{ grain }}_start then fixed_value end as new_fixed_value,
        case when is_seen = 0 and first_month_start >= {{ grain }}_start then employer_cost_value end
            as new_employer_cost_value

    from people_by_{{ grain }}

),

-- Told is what follows from shorter periods that are told, or what holds enough people of whom nothing
-- was told before.
{{ grain }}s as (

    select
        newcomers.{{ grain }}_start,
        min(newcomers.is_safe) = 1
        and (
            min(newcomers.is_told) = 1
            or count(newcomers.new_fixed_value) >= max(settings.minimum_group_size)
            and not {{ is_dominated('newcomers.new_fixed_value') }}
            and not {{ is_dominated('newcomers.new_employer_cost_value') }}
        ) as is_told

    from newcomers_by_{{ grain }} as newcomers
    cross join {{ ref('stg_company__settings') }} as settings
    group by newcomers.{{ grain }}_start

),

told_with_{{ grain }}s as (

    select
        pay.month_start,
        pay.quarter_start,
        pay.year_start,
        pay.person_id,
        pay.first_month_start,
        pay.fixed_value,
        pay.employer_cost_value,
        pay.is_safe,
        {{ "periods.is_told" if loop.first else "pay.is_told or periods.is_told" }} as is_told,
        pay.is_seen or periods.is_told as is_seen

    from {{ given }} as pay
    inner join {{ grain }}s as periods on pay.{{ grain }}_start = periods.{{ grain }}_start

),
{% endfor %}
told_periods as (
{% for grain in period_grains() %}
    select
        '{{ grain }}' as period_grain,
        {{ grain }}_start as period_start,
        is_told

    from {{ grain }}s
    {% if not loop.last %}
    union all
    {% endif -%}
{% endfor %}
)

select * from told_periods

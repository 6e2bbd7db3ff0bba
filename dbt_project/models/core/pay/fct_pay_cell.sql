{%- set levels = {
    'company': "'all'",
    'branch': 'branch_id',
    'territory': 'territory_id',
    'team': 'team_id',
} -%}
with

    pay as (

        select
            pay.*,
            grouped.is_safe as is_safe_in_company,
            grouped.is_safe_in_branch,
            grouped.is_safe_in_team,
            grouped.is_safe_in_territory

        from {{ ref('fct_seller_pay') }} as pay
        inner join
            {{ ref('int_pay_groups') }} as grouped
            on pay.month_start = grouped.month_start
            and pay.person_id = grouped.person_id
            and pay.branch_id = grouped.branch_id
            and pay.team_id = grouped.team_id
            and pay.territory_id = grouped.territory_id

    ),

    pay_by_level as (
        {% for level, member in levels.items() %}
            select
                month_start,
                '{{ level }}' as level,
                {{ member }} as member_id,
                person_id,
                {%- for measure in pay_measures() %} {{ measure }}, {%- endfor %}
                is_safe_in_{{ level }} as is_whole

            from pay
            {% if not loop.last %}
                union all
            {% endif -%}
        {% endfor %}
    ),

    months as (

        select distinct
            month_start,
            {%- for grain in period_grains() if grain != 'month' %}
                {{ grain }}_start{{ ',' if not loop.last }}
            {%- endfor %}

        from {{ ref('dim_date') }}

    ),

    -- Longer periods are made of months: nothing is published of them that shows a month's sum
    -- which is not published.
    pay_by_period as (
        {% for grain in period_grains() %}
            select
                '{{ grain }}' as period_grain,
                months.{{ grain }}_start as period_start,
                pay.level,
                pay.member_id,
                pay.person_id,
                {%- for measure in pay_measures() %} pay.{{ measure }}, {%- endfor %}
                pay.is_whole

            from pay_by_level as pay
            inner join months on pay.month_start = months.month_start
            {% if not loop.last %}
                union all
            {% endif -%}
        {% endfor %}
    ),

    checked as (

        {{ suppression_checked_groups('pay_by_period', ['period_grain', 'period_start', 'level', 'member_id']) | indent(4) }}

    ),

    sums as (

        select
            period_grain,
            period_start,
            level,
            member_id,
            {%- for measure in pay_measures() %}
                {{ money_sum(measure) }} as {{ measure }},
            {%- endfor %}
            min(case when is_whole then 1 else 0 end) = 1 as is_whole

        from pay_by_period
        group by period_grain, period_start, level, member_id

    )

select
    sums.period_grain,
    sums.period_start,
    sums.level,
    sums.member_id,
    checked.people,
    {%- for measure in pay_measures() %} sums.{{ measure }}, {%- endfor %}
    case
        when not checked.is_large_enough
        then 'too_few_people'
        when checked.is_dominated
        then 'dominated'
        when not sums.is_whole
        then 'complementary'
        when not coalesce(company.is_published, false)
        then 'turnover'
    end as suppression_reason,
    company.fixed_value as rounded_fixed_value,
    company.employer_cost_value as rounded_employer_cost_value,
    company.rounded_to

from sums
inner join
    checked
    on sums.period_grain = checked.period_grain
    and sums.period_start = checked.period_start
    and sums.level = checked.level
    and sums.member_id = checked.member_id
left join
    {{ ref('int_pay_company_rounded') }} as company
    on sums.level = 'company'
    and sums.period_grain = company.period_grain
    and sums.period_start = company.period_start
